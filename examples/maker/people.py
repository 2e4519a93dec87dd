"""Whom the examples are sent to. Nobody here exists.

The local part of an e-mail address up to the first `+` chooses how the sandbox's mail server behaves, and how the banks
do; any domain that ends in `.example` is known to it. Names that no persona has are ordinary people whose mail simply
arrives, and whom no bank knows. A word of a postal address chooses how the print shop fares with a letter.
"""

import hashlib
from datetime import date

from .identifiers import org_number, swedish_org_number
from .invoice import Address, Buyer


def person(customer, name, street, postal_code, city, email=None, phone=None, born=None):
    """A consumer. `phone` is the last digits after +47 9000."""
    return Buyer(
        customer,
        name,
        Address(street, postal_code, city),
        email,
        f"+479000{phone}" if phone else None,
        date.fromisoformat(born) if born else None,
    )


# What the sandbox numbers its bank customers by; docs/sandbox.md has the table.
BANK_PERSONAS = (
    "yestoall", "off", "vippshidden", "turnedoff", "several", "blocked", "rejectedlater", "stoppedlater", "latebank",
    "spoilsshipment", "agreement",
)


def in_bank(persona, label, customer, name, street, postal_code, city, born=None):
    """A consumer whom the sandbox's banks know: the domain is the person, and the telephone number follows from it."""
    words = sorted(label.replace("aa", "a").replace("ae", "a").replace("oe", "o").split("-"))
    digest = hashlib.sha256(" ".join(words).encode()).digest()
    serial = int.from_bytes(digest[:4], "big") % 99_999 + 1
    return Buyer(
        customer,
        name,
        Address(street, postal_code, city),
        f"{persona}@{label}.example",
        f"+479{BANK_PERSONAS.index(persona) + 1:02d}{serial:05d}",
        date.fromisoformat(born) if born else None,
    )


def business(customer, name, body, street, postal_code, city, email=None, contact=None, vat=True):
    """A Norwegian business, found in Peppol by its organisation number (0192)."""
    org = org_number(body)
    return Buyer(
        customer,
        name,
        Address(street, postal_code, city),
        email,
        org=org,
        endpoint=("0192", org),
        vat=f"NO{org}MVA" if vat else None,
        contact=contact,
    )


KARI = in_bank("yestoall", "kari-nordmann", "10001", "Kari Nordmann", "Bjerkealléen 14 B", "0487", "Oslo", "1984-05-17")
OLA = person("10002", "Ola Nordmann", "Sjøgata 3", "5013", "Bergen", "hardbounce+ola@post.example", "0102", "1979-11-02")
INGRID = person("10003", "Ingrid Sæther", "Storgata 112", "9008", "Tromsø", "greylisted+ingrid@post.example", "0103", "1991-02-28")
ANTE = in_bank("latebank", "ante-mikkel-gaup", "10004", "Ánte Mikkel Gaup", "Bossekopveien 8", "9510", "Alta", "1968-08-09")
SIGRUN = person("10005", "Sigrun Åsheim", "Rønvikveien 55", "8007", "Bodø", "mailboxfull+sigrun@post.example", "0105", "1955-12-30")
ODDVAR = person("10006", "Oddvar Ødegård", "Nedre Tømte 41", "2380", "Brumunddal")
LARS = in_bank("vippshidden", "lars-boe", "10007", "Lars Bøe", "Solbakken 2", "4319", "Sandnes", "1988-04-04")
ASTRID = person("10008", "Astrid Håkonsen", "Kirkeveien 61", "0364", "Oslo", "astrid.haakonsen@post.example", "0108", "1995-07-21")
MAGNUS = person("10009", "Magnus Trætteberg", "Elvegata 9", "2609", "Lillehammer", "delayed+magnus@post.example", "0109", "1973-01-15")

BJØRN = in_bank("turnedoff", "bjoern-fjellvaag", "20001", "Bjørn Fjellvåg", "Bryggevegen 7", "5988", "Fjordvik", "1962-03-11")
GURO = person("20002", "Guro Lønnås", "Lia 23", "5988", "Fjordvik", "bounceslater+guro@post.example", "0202", "1990-10-05")
TORBJØRG = person("20003", "Torbjørg Øyehaug", "Øvre Strandveg 4", "5988", "Fjordvik", born="1938-06-19")
HENRIK = person("20004", "Henrik Skår", "Naustvegen 18", "5988", "Fjordvik", "henrik.skaar@post.example", "0204", "1985-03-12")
MARTE = in_bank("agreement", "marte-vaagslid", "20005", "Marte Vågslid", "Skulevegen 1", "5988", "Fjordvik", "1992-09-09")
EIVIND = person("20006", "Eivind Aarrestad", "Prestegardsvegen 30", "5988", "Fjordvik", "eivind.aarrestad@post.example", "0206", "1977-05-25")
SOLVEIG = person("20007", "Solveig Årdal", "Fossen 12", "5988", "Fjordvik", "outofoffice+solveig@post.example", "0207", "1981-12-01")

HANNE = in_bank("yestoall", "hanne-kjoelstad", "30001", "Hanne Kjølstad", "Eplehagen 5", "3044", "Drammen", "1989-08-14")
THOMAS = person("30002", "Thomas Grønvold", "Strømsgodset terrasse 21", "3034", "Drammen", "hardbounce+thomas@post.example", "0302", "1987-02-03")
AMINA = in_bank("several", "amina-yusuf-hassan", "30003", "Amina Yusuf Hassan", "Konnerudgata 88 H0302", "3045", "Drammen", "1993-06-06")
PETTER = person("30004", "Petter Blåfjell", "Åskollen allé 2", "3038", "Drammen", "slow+petter@post.example", "0304", "1983-11-23")
LINN = in_bank("off", "linn-therese-soerboe", "30005", "Linn Therese Sørbø", "Bragernes torg 9", "3017", "Drammen", "1990-01-31")
JONAS = person("30006", "Jonas Mæhlum", "Gulskogen 40", "3048", "Drammen", "dropsmidletter+jonas@post.example", "0306", "1986-10-10")
MALGORZATA = in_bank("spoilsshipment", "malgorzata-wojcik", "30007", "Małgorzata Wójcik", "Fjellheimveien 16", "3042", "Drammen", "1991-05-02")

SILJE = in_bank("yestoall", "silje-faeroey", "40001", "Silje Færøy", "Innherredsveien 70 A", "7042", "Trondheim", "1998-03-27")
EMIL = person("40002", "Emil Rødsjø", "Nonnegata 11", "7014", "Trondheim", "garbles+emil@post.example", "0402", "2001-09-18")
NORA = person("40003", "Nora Brændvik", "c/o Unprintable, Byåsveien 140", "7020", "Trondheim", "nora.braendvik@postkassa.exampel", "0403", "1996-12-12")
FREDRIK = person("40004", "Fredrik Hønsvik", "c/o Returned, Moholt allé 33", "7050", "Trondheim", "rejectscontent+fredrik@post.example", "0404", "1999-04-01")
IDA = in_bank("rejectedlater", "ida-marie-toemmeraas", "40005", "Ida Marie Tømmerås", "Lade allé 6", "7041", "Trondheim", "1994-07-07")
SARA = in_bank("blocked", "sara-obrien", "40006", "Sara O’Brien", "Elgeseter gate 20", "7030", "Trondheim", "1990-02-11")
VEGARD = person("40007", "Vegard Sæterbø", "Ranheimsveien 211", "7055", "Trondheim", "vegard.saeterboe@@post.example", "0407", "1997-08-30")

# Members who have given a mandate for direct debit. The last two digits of the customer number choose how their bank treats a claim:
# docs/sandbox.md, "Payers".
TIRIL = in_bank("yestoall", "tiril-aasgaard", "21", "Tiril Åsgård", "Valøyvegen 12", "7031", "Trondheim", "1992-05-11")
JON = person("8", "Jon Sveberg", "Kirkegata 40", "7014", "Trondheim", "jon.sveberg@post.example", "0422", "1984-10-02")
HEDDA = person("1", "Hedda Kjøsnes", "Østersunds gate 5", "7043", "Trondheim", "hedda.kjoesnes@post.example", "0401", "2000-01-19")
MATS = person("3", "Mats Rotvoll", "Jarleveien 8", "7042", "Trondheim", "mats.rotvoll@post.example", "0413", "1995-11-30")
RONJA = person("4", "Ronja Liaøy", "Stadsing. Dahls gate 21", "7043", "Trondheim", "ronja.liaoey@post.example", "0414", "1989-03-03")
GUNVOR = person("23", "Gunvor Eidsmo", "Nidarvoll allé 2", "7036", "Trondheim")
ULRIK = in_bank("yestoall", "ulrik-hovdal", "24", "Ulrik Hovdal", "Persaunvegen 30", "7045", "Trondheim", "1979-09-24")
SYNNØVE = person("6", "Synnøve Råbakk", "Fagerlia 11", "7023", "Trondheim", "synnoeve.raabakk@post.example", "0416", "1986-06-06")
PEDER = person("7", "Peder Moøy", "Ilsvikveien 17", "7018", "Trondheim", "peder.mooey@post.example", "0417", "1971-08-15")
ANDREA = person("10", "Andrea Vikåsen", "Okstadvegen 3", "7075", "Trondheim", "andrea.vikaasen@post.example", "0410", "1998-12-21")

RUNE = in_bank("yestoall", "rune-maaseide", "50001", "Rune Måseide", "Fagerlivegen 4", "6013", "Ålesund", "1970-06-24")
BERIT = person("50002", "Berit Hjørungdal", "Hessafjellet 19", "6020", "Ålesund", "dropsafterdot+berit@post.example", "0502", "1966-01-08")
KJELL = in_bank("yestoall", "kjell-aage-roenstad", "50003", "Kjell Åge Rønstad", "Tueneset 2", "6010", "Ålesund", "1958-10-29")
TUVA = person("50004", "Tuva Brødløs", "Apotekergata 5", "6004", "Ålesund", "garblesaccepted+tuva@post.example", "0504", "1993-03-03")

HAVGLØTT = business("70001", "Havgløtt Fisk AS", "99900302", "Fiskerikaia 6", "9008", "Tromsø", "faktura@havgloett.example", "Elin Bakkejord")
BERGSLAGEN = Buyer(
    "70002",
    "Bergslagens Smide AB",
    Address("Järnvägsgatan 12", "711 30", "Lindesberg", "SE"),
    "faktura@bergslagenssmide.example",
    org=swedish_org_number("559990012"),
    endpoint=("0007", swedish_org_number("559990012")),
    vat=f"SE{swedish_org_number('559990012')}01",
    contact="Åsa Lindqvist",
)
FJORDVIK_HOTELL = business("70003", "Fjordvik Fjordhotell AS", "99900303", "Kaivegen 1", "5988", "Fjordvik", "okonomi@fjordhotellet.example", "Resepsjonen")
NORTHERN_DATA = business("70004", "Northern Data Centres Norway AS", "99900304", "Sluppenvegen 23", "7037", "Trondheim", "invoices@northerndata.example", "Claire Whitfield")
SUNNMØRE_VERFT = business("70005", "Sunnmøre Verft og Mek AS", "99900305", "Verftsgata 40", "6002", "Ålesund", "mottak@sunnmoereverft.example", "Innkjøp v/ Trygve Hareide")
VELFORENING = business("70006", "Åsen Velforening", "99900306", "Åsvegen 90", "6017", "Ålesund", "styret@aasenvel.example", "Kasserer Unni Fylling", vat=False)
BLÅSKJELL = business("70007", "Blåskjell Kystkultur SA", "89900307", "Bryggen 15", "6002", "Ålesund", "hardbounce+faktura@blaaskjell.example", "Dagfinn Vik")
KLIMAFABRIKKEN = business("70008", "Klimafabrikken AS", "99900309", "Grønnegata 8", "6003", "Ålesund", "regnskap@klimafabrikken.example", "Prosjekt Nullvekst")
SAMEIET = business("70009", "Sameiet Rådhuskvartalet", "99900310", "Rådhusgata 3", "5988", "Fjordvik", None, "Styreleder", vat=False)
