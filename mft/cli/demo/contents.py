"""Example files: rosters, daily authorization reports, gaps in care, and an X12 837P batch.

Every name, number and address is invented and comes from a seed, so that two runs make the same
bytes.  The batch's envelopes, counts and control numbers are right, and every NPI has a right check
digit, because the people who look at it will check.
"""

import csv
import io
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

_FIRST: Final = ("Amina", "Bjorn", "Carmen", "Dao", "Elsie", "Farah", "Gus", "Halima", "Ivar", "June", "Khalid", "Lena")
_LAST: Final = (
    "Aune",
    "Berg",
    "Castillo",
    "Dahl",
    "Eide",
    "Fosse",
    "Garza",
    "Holm",
    "Iverson",
    "Juarez",
    "Koss",
    "Lund",
)
_STREETS: Final = ("Birch St", "Cedar Ave", "Elm St", "Lake Dr", "Maple Ln", "Prairie Rd")
_TOWNS: Final = (("Minneapolis", "554010000"), ("Saint Paul", "551010000"), ("Duluth", "558020000"))
_PROGRAMS: Final = ("PMAP", "MSHO", "MSC+", "SNBC", "MNCARE")
_SERVICES: Final = ("Inpatient stay", "Home care visit", "Skilled nursing", "Durable equipment", "Therapy, 6 visits")
_GAPS: Final = (
    "Breast cancer screening",
    "Colorectal screening",
    "Eye exam, diabetes",
    "Blood pressure control",
    "A1c test",
)


@dataclass(frozen=True, slots=True)
class Member:
    """An invented person on an invented plan."""

    number: str
    first: str
    last: str
    born: date
    sex: str
    street: str
    town: str
    postcode: str
    program: str


@dataclass(frozen=True, slots=True)
class Report:
    """One example file: where it goes below a folder, and what it holds."""

    name: str
    content: bytes


def npi(base: int) -> str:
    """Return the NPI whose first nine digits are *base*, with the check digit of ISO/IEC 7812 over 80840."""
    digits = [int(digit) for digit in f"80840{base:09d}"]
    doubled = [digit * 2 if place % 2 == 0 else digit for place, digit in enumerate(reversed(digits))]
    return f"{base:09d}{-sum(number // 10 + number % 10 for number in doubled) % 10}"


def members(organization: str, count: int = 40) -> list[Member]:
    """Return the members that *organization* looks after; the same for the same name."""
    chance = random.Random(f"mft demo {organization}")  # noqa: S311  (example data is not secret)
    return [_member(chance) for _ in range(count)]


def _member(chance: random.Random) -> Member:
    town, postcode = chance.choice(_TOWNS)
    return Member(
        number=f"{chance.randrange(10**8, 10**9)}00",
        first=chance.choice(_FIRST),
        last=chance.choice(_LAST),
        born=date(1935, 1, 1) + timedelta(days=chance.randrange(25_000)),
        sex=chance.choice("FM"),
        street=f"{chance.randrange(10, 990)} {chance.choice(_STREETS)}",
        town=town,
        postcode=postcode,
        program=chance.choice(_PROGRAMS),
    )


def reports(organization: str, day: date) -> Iterator[Report]:
    """Yield the files a delegate finds on *day*: roster, authorizations and gaps in care (fact 0.4)."""
    people = members(organization)
    chance = random.Random(f"{organization} {day}")  # noqa: S311
    yield Report(f"Rosters/enrollment-roster-{day:%Y-%m}.csv", roster(people, day))
    yield Report(f"DAR/DAR-{day:%Y-%m-%d}.csv", authorizations(people, day, chance))
    yield Report(f"GIC/gaps-in-care-{day:%Y-%m}.csv", gaps(people, chance))


def roster(people: Sequence[Member], day: date) -> bytes:
    """Return a care-coordination enrollment roster."""
    heading = ("member_id", "last_name", "first_name", "birth_date", "sex", "program", "effective", "care_coordinator")
    since = day.replace(day=1)
    rows = [(p.number, p.last, p.first, p.born, p.sex, p.program, since, "assigned") for p in people]
    return _csv(heading, rows)


def authorizations(people: Sequence[Member], day: date, chance: random.Random) -> bytes:
    """Return a daily authorization report."""
    heading = ("authorization", "member_id", "last_name", "service", "from", "through", "status")
    rows = [
        (
            f"A{chance.randrange(10**7, 10**8)}",
            person.number,
            person.last,
            chance.choice(_SERVICES),
            day,
            day + timedelta(days=chance.randrange(1, 60)),
            chance.choice(("approved", "approved", "pended", "denied")),
        )
        for person in chance.sample(people, 12)
    ]
    return _csv(heading, rows)


def gaps(people: Sequence[Member], chance: random.Random) -> bytes:
    """Return a gaps-in-care report."""
    heading = ("member_id", "last_name", "first_name", "measure", "due")
    return _csv(heading, [(p.number, p.last, p.first, chance.choice(_GAPS), "open") for p in chance.sample(people, 15)])


def _csv(heading: Sequence[str], rows: Sequence[Sequence[object]]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(heading)
    writer.writerows(rows)
    return text.getvalue().encode()


def claims(organization: str, day: date, control: int = 1) -> bytes:
    """Return an interchange with one 837 professional transaction, 005010X222A1."""
    chance = random.Random(f"claims {organization} {day} {control}")  # noqa: S311
    people = members(organization)[:5]
    body = [
        f"ST*837*{control:04d}*005010X222A1",
        f"BHT*0019*00*B{control:06d}*{day:%Y%m%d}*0900*CH",
        "NM1*41*2*CLEARING HOUSE*****46*CLEARING",
        "PER*IC*EDI DESK*TE*6125550100",
        "NM1*40*2*EXAMPLE HEALTH*****46*EXAMPLEHEALTH",
        "HL*1**20*1",
        "PRV*BI*PXC*207Q00000X",
        f"NM1*85*2*{organization.upper()} CLINIC*****XX*{npi(chance.randrange(10**8, 2 * 10**8))}",
        "N3*100 CEDAR AVE",
        "N4*MINNEAPOLIS*MN*554010000",
        "REF*EI*410000000",
    ]
    for number, person in enumerate(people, start=2):
        body += _claim(number, person, day, chance)
    body.append(f"SE*{len(body) + 1}*{control:04d}")
    sender, receiver = f"{'CLEARING':15}", f"{'EXAMPLEHEALTH':15}"
    segments = [
        f"ISA*00*{'':10}*00*{'':10}*ZZ*{sender}*ZZ*{receiver}*{day:%y%m%d}*0900*^*00501*{control:09d}*0*T*:",
        f"GS*HC*CLEARING*EXAMPLEHEALTH*{day:%Y%m%d}*0900*{control}*X*005010X222A1",
        *body,
        f"GE*1*{control}",
        f"IEA*1*{control:09d}",
    ]
    return "".join(f"{segment}~\n" for segment in segments).encode("ascii")


def _claim(number: int, person: Member, day: date, chance: random.Random) -> list[str]:
    """Return the segments of one subscriber with one claim of one service line."""
    charge = chance.randrange(60, 400)
    return [
        f"HL*{number}*1*22*0",
        "SBR*P*18*******HM",
        f"NM1*IL*1*{person.last.upper()}*{person.first.upper()}****MI*{person.number}",
        f"N3*{person.street.upper()}",
        f"N4*{person.town.upper()}*MN*{person.postcode}",
        f"DMG*D8*{person.born:%Y%m%d}*{person.sex}",
        "NM1*PR*2*EXAMPLE HEALTH*****PI*EXAMPLEHEALTH",
        f"CLM*{chance.randrange(10**6, 10**7)}*{charge}***11:B:1*Y*A*Y*Y",
        f"HI*ABK:{chance.choice(('E119', 'I10', 'J069', 'M545'))}",
        "LX*1",
        f"SV1*HC:{chance.choice(('99212', '99213', '99214'))}*{charge}*UN*1***1",
        f"DTP*472*D8*{day - timedelta(days=chance.randrange(1, 20)):%Y%m%d}",
    ]
