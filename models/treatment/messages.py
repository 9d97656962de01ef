"""The texts of the contacts: templates per language that a collections manager edits. Nothing is ever sent.

A template is a text file: the first line is the subject, the rest the body. NAME.txt is written to the
debtor; NAME.call.txt is what to say on the phone. A template reads the variables of `message_context` and
nothing behind them: no attribute of a value, no file outside its language's folder.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import TracebackType
from typing import Any

from jinja2 import FileSystemLoader, StrictUndefined, TemplateNotFound, TemplateSyntaxError
from jinja2.ext import Extension
from jinja2.runtime import LoopContext
from jinja2.sandbox import ImmutableSandboxedEnvironment

from features.errors import ConfigurationError
from features.spelling import way_out

CALL = "call"
"""The channel that speaks; all others write."""

MOST_SUBJECT = 150
"""Characters of a subject; a longer one is cut between words, so that no amount is cut."""


@dataclass(frozen=True)
class Message:
    """One text, in plain characters; of a call, what the caller has in view."""

    subject: str
    body: str
    language: str


def languages(folder: Path) -> list[str]:
    """Return the languages that there are texts in, sorted; ConfigurationError where there is none."""
    found = sorted(path.name for path in folder.glob("[a-z][a-z]") if path.is_dir())
    if not found:
        raise ConfigurationError(
            f"no messages in {folder}: make a folder for each language, such as {folder}/en"
        )
    return found


def choose_language(wanted: str | None, otherwise: str, folder: Path) -> str:
    """Return the wanted language where there are texts in it, else the policy's (`otherwise`)."""
    return wanted if wanted in languages(folder) else otherwise


def file_of(template: str, channel: str) -> str:
    """Return the name of the template's file for a channel."""
    return f"{template}.call.txt" if channel == CALL else f"{template}.txt"


def render(
    template: str, language: str, context: Mapping[str, Any], folder: Path, *, channel: str = "email"
) -> Message:
    """Return the template filled with the context (see `message_context`).

    The subject is one line of at most MOST_SUBJECT characters; the body has no two blank lines in a row.
    ConfigurationError names the file, the line and the way out.
    """
    if language not in languages(folder):
        raise ConfigurationError(
            f"no messages in language {language!r}{way_out(language, languages(folder))}"
        )
    environment = environment_of(folder, language)
    file = file_of(template, channel)
    path = folder / language / file
    try:
        text = environment.get_template(file).render(context)
    except TemplateNotFound as error:
        missing = folder / language / str(error.name)
        raise ConfigurationError(
            f"no message {missing}: add the file; its first line is the subject"
        ) from None
    except TemplateSyntaxError as error:
        raise ConfigurationError(f"{error.filename or path} line {error.lineno}: {error.message}") from None
    except Exception as error:  # a template may do anything wrong that an expression can
        file_and_line = _place(error.__traceback__, folder) or str(path)
        raise ConfigurationError(f"{file_and_line}: {error}; {known(context)}") from None
    subject, _, body = text.partition("\n")
    if not subject.strip():
        raise ConfigurationError(f"{path} line 1: the first line is the subject, and it is empty")
    return Message(_short(subject.strip()), _paragraphs(body), language)


def known(context: Mapping[str, Any]) -> str:
    """Return which variables a template may use, in words."""
    return f"known: {', '.join(context)}; of each of the invoices: {', '.join(context['invoices'][0])}"


@lru_cache(maxsize=64)
def environment_of(folder: Path, language: str) -> ImmutableSandboxedEnvironment:
    """Return what reads the templates of a language: a sandbox that refuses unknown names."""
    environment = _Closed(
        loader=FileSystemLoader(folder / language, encoding="utf-8-sig"),  # an editor may put a mark first
        undefined=StrictUndefined,
        autoescape=False,  # plain text: values are made harmless before they get here
        keep_trailing_newline=True,
        extensions=[_TagLines],
    )
    environment.globals.clear()
    return environment


class _TagLines(Extension):
    """A line with nothing but a tag leaves no line: its end goes into the tag, so that lines still count."""

    def preprocess(self, source: str, name: str | None, filename: str | None = None) -> str:
        return re.sub(r"(?m)^[ \t]*(\{%(?:(?!%\}).)*)%\}[ \t]*\n", r"\1\n%}", source)


class _Closed(ImmutableSandboxedEnvironment):
    """Reads the entries of what it is given, and of nothing an attribute but of a loop."""

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        return isinstance(obj, LoopContext) and super().is_safe_attribute(obj, attr, value)


def _place(traceback: TracebackType | None, folder: Path) -> str:
    """The last line of a template that was being read."""
    place = ""
    while traceback is not None:
        file = traceback.tb_frame.f_code.co_filename
        if Path(file).is_relative_to(folder):
            place = f"{file} line {traceback.tb_lineno}"
        traceback = traceback.tb_next
    return place


def _short(subject: str) -> str:
    if len(subject) <= MOST_SUBJECT:
        return subject
    cut = subject[: MOST_SUBJECT - 2]
    return (cut[: cut.rfind(" ")] if " " in cut else cut) + " …"


def _paragraphs(body: str) -> str:
    lines = "\n".join(line.rstrip(" \t") for line in body.split("\n"))
    return re.sub(r"\n{3,}", "\n\n", lines).strip("\n") + "\n"
