"""What other systems call the columns of the contract.

Names are compared without case, accents and punctuation: "Due Date", "due_date" and "dueDate" are
one. Sources: export headers of SAP (FBL5N, BSID/BSAD field names), Exact Online, Xero, Odoo,
Business Central, Dynamics 365, QuickBooks, and everyday English, Dutch, German and French.
"""

from __future__ import annotations

import unicodedata


def normal(name: str) -> str:
    """Return a column name without case, accents and punctuation."""
    plain = unicodedata.normalize("NFKD", name.replace("ß", "ss"))
    return "".join(letter for letter in plain.lower() if letter.isascii() and letter.isalnum())


_INVOICE_ID = """
    invoiceid invoicenumber invoiceno invoicenr invoice rechnungsnummer rechnungsnr rechnung
    factuurnummer factuurnr factuur numerofacture nofacture numfacture nfacture facture
    documentnumber documentno docnumber docno belnr belegnummer belegnr boekstuknummer boekstuknr
    entryno invoicenum invid inv number num reference voucher transactionid name id
"""
_CUSTOMER_ID = """
    customerid customerno customernumber customernr customercode customer custno custnumber custid
    selltocustomerno billtocustomerno customeraccount kunnr kundennummer kundennr kundenr kunde
    debitor debitorennummer debitorennr klantnummer klantnr klantcode klant debiteurnummer
    debiteurnr debiteur codeclient numeroclient noclient nclient client clientid compteclient
    debtorid debtorno debtor partnerid partner accountcode accountnumber account contactid
    contactname contact relatie relatienummer relatiecode vendorid vendor supplier customername
    clientname partnername buyer
"""
_AMOUNT = """
    amount invoiceamount totalamount invoicetotal amounttotal grandtotal total grossamount
    amountinclvat amountincludingvat amountlcy originalamount amountinlocalcurrency amountindoccurr
    amountdc dmbtr wrbtr betrag rechnungsbetrag bruttobetrag gesamtbetrag bruttobetragineur bedrag
    factuurbedrag bedraginclbtw totaalbedrag montantttc montant totalttc value
"""
_CURRENCY = "currency currencycode currencyid waers waehrung wahrung valuta valutacode devise"
_KNOWN_ON = """
    knownon createdat createdon createddate createdatetime creationdate created entrydate enteredon
    cpudt erfassungsdatum erfasstam invoerdatum aangemaakt datesaisie datecreation systemcreatedat
    importedon
"""
_COMPANY = (
    "companycode bukrs buchungskreis companyid company administratie division legalentity societe mandant"
)
_COUNTRY = "country countrycode countryid countryregioncode land land1 landcode pays codepays"

NAMES: dict[str, dict[str, str]] = {
    "invoices": {
        "invoice_id": _INVOICE_ID,
        "customer_id": _CUSTOMER_ID,
        "issued_on": """
            issuedon issuedate invoicedate dateissued documentdate docdate bldat rechnungsdatum
            belegdatum factuurdatum datefacture datefacturation dateemission txndate transactiondate
            invoiceissuedate postingdate budat buchungsdatum boekdatum datum date
        """,
        "due_on": """
            dueon duedate datedue invoicedatedue netduedate paymentduedate maturitydate
            faelligkeitsdatum falligkeitsdatum faelligkeit falligkeit faelligam falligam
            nettofaelligkeit nettofalligkeit vervaldatum vervaldag dateecheance datedecheance
            echeance due
        """,
        "payment_terms_days": """
            paymenttermsdays paymentterms termsdays terms netdays creditdays zahlungsziel
            zahlungszieltage betalingstermijn betaaltermijn delaidepaiement delaipaiement zbd1t
        """,
        "amount": _AMOUNT,
        "currency": _CURRENCY,
        "company_code": _COMPANY,
        "kind": "kind documenttype doctype invoicetype movetype blart belegart type",
        "original_due_on": "originalduedate originaldueon firstduedate",
        "known_on": _KNOWN_ON,
        "paid_on": """
            paidon paiddate datepaid paymentdate settledon settleddate settlementdate
            fullypaidondate fullypaidon bezahltam zahlungsdatum betaaldatum betaaldop voldaanop
            datepaiement datereglement payele clearingdate cleareddate augdt ausgleichsdatum
            ausgleich closedatdate closedat closedon
        """,
        "paid_known_on": "paidknownon paymententrydate",
        "payment_method": "paymentmethod zlsch zahlungsart zahlweg betaalwijze modepaiement",
        "dunning_level": "dunninglevel manst mahnstufe aanmaningsniveau reminderlevel niveaurelance",
        "last_dunned_on": "lastdunnedon lastdunned madat mahndatum lastreminderdate laatsteaanmaning",
        "dunning_block_until": "dunningblockuntil",
        "assigned_to": "assignedto",
        "purchase_order_no": "purchaseorderno purchaseorder ponumber bestellnummer bestelnummer",
    },
    "payments": {
        "invoice_id": "appliestodocno appliedtoinvoice invoicereference " + _INVOICE_ID,
        "customer_id": _CUSTOMER_ID,
        "paid_on": """
            paidon paiddate datepaid paymentdate settleddate receiveddate receiveddon zahlungsdatum
            bezahltam betaaldatum datepaiement datereglement valuedate valutadatum wertstellung
            bookingdate boekdatum buchungsdatum postingdate budat clearingdate augdt txndate
            transactiondate datum date
        """,
        "amount": "paidamount amountpaid paymentamount amountapplied appliedamount receivedamount " + _AMOUNT,
        "currency": _CURRENCY,
        "kind": "kind paymenttype type",
        "in_transit": "intransit",
        "known_on": _KNOWN_ON,
    },
    "customers": {
        "customer_id": _CUSTOMER_ID + " number no nr code id",
        "valid_from": "validfrom gueltigab gultigab geldigvanaf",
        "name": "name customername companyname name1 naam bedrijfsnaam firma firmenname nom raisonsociale",
        "country": _COUNTRY,
        "region": "region regio state stateid bundesland provincie",
        "language": "language languagecode langu lang spras sprache taal langue",
        "sector": "sector industry industrycode branche brsch secteur naics sic sbi sbicode nace",
        "size": "size sizeclass companysize groesse grootte taille",
        "type": "type customertype kundentyp klanttype",
        "legal_kind": "legalkind",
        "group": "group customergroup kundengruppe konzern concern groupe",
        "parent_id": "parentid parent parentcustomerid",
        "payer_id": "payerid payer billtocustomerno regulierer",
        "since": "since customersince kundeseit klantsinds clientdepuis",
        "credit_limit": "creditlimit creditlimitlcy klimk kreditlimit kredietlimiet plafond encoursautorise",
        "insured_limit": "insuredlimit",
        "channel": "channel preferredchannel",
        "invoicing_method": "invoicingmethod",
        "collector": "collector sachbearbeiter",
        "account_manager": "accountmanager salesperson salespersoncode salesrep",
        "key_account": "keyaccount",
        "insolvent_on": "insolventon",
        "legal_on": "legalon",
        "do_not_contact": "donotcontact",
        "dunning_block_until": "dunningblockuntil",
        "expected_revenue": "expectedrevenue",
        "status": "status",
    },
}
"""Names per table and column, the most telling first."""

_LEAKY = """
        dayslate latedays daystosettle daystopay dayspastdue daysoverdue overduedays daysdelinquent
        delay verzug verzugstage dagentelaat arrears disputed isdisputed isopen open closed ispaid
        paid status state paymentstate paymentstatus amountdue amountdueremaining amountresidual
        openamount remainingamount outstanding outstandingamount balance openbalance aging ageing
        agingbucket agingcategory bucket late islate paidlate cleared paidamount amountpaid
"""
LEAKY = frozenset(_LEAKY.split())
"""Columns that say how it ended: not known at issue, so never a feature."""

CLEARING = frozenset(("clearingdate", "cleareddate", "augdt", "ausgleichsdatum", "ausgleich"))
"""Days on which a bookkeeper matched money and invoice, at or after the day of payment."""
