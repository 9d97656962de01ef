"""When an invoice is paid, why, and which cash that brings."""
