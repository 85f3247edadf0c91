"""What partners owe and may use: accounts, their entries since January 2025, payments and what they settle."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal

from tests.demo.people import APPLICANT, CHANNEL_TYPES, PARTNERS, Partner
from tests.demo.promotions import payable_of
from tests.demo.tables import BEIJING, Row, Table, instant, money

TYPES = ("ar", "prepay", "rebate", "deposit", "mdf")
OPENED = date(2025, 1, 1)
SHIPPED = {"shipped", "received", "closed"}
DAYS = {"prepaid": 0, "cod": 0, "net30": 30, "net45": 45, "net60": 60}
REBATE_SHARE, FUND_SHARE = Decimal("0.015"), Decimal("0.008")
PAY_DAYS = (date(2025, 1, 24), *(date(2025, month, 25) for month in range(2, 6)))
PAID_SHARE = Decimal("0.78")
"""How much of what is open partners pay at a time."""
FIXED_UNTIL = date(2025, 6, 10)
RECEIVABLE_THEN = {1: Decimal(182_400), 4: Decimal(120_000)}
"""What these owe from the end of May until the tenth of June, to the cent."""
REBATE_THEN = {1: Decimal(23_400)}
PREPAID = {1: Decimal(20_000), 4: Decimal(0)}
JUNE = (
    # what moved on the receivables of the first partner after the tenth of June
    (date(2025, 6, 12), "shipment", Decimal("148920.00"), "FH-20250612-0001"),
    (date(2025, 6, 18), "shipment", Decimal("119430.00"), "FH-20250618-0002"),
    (date(2025, 6, 20), "return", Decimal("-1949.00"), "TH-20250620-0001"),
    (date(2025, 6, 24), "price_protect", Decimal("-3500.00"), "JB-20250624-0001"),
)
JUNE_PAYMENT = (date(2025, 6, 25), Decimal("230000.00"))
WAITING = (
    # state, number of payments on the last days of June that are not confirmed yet
    ("submitted", 6),
    ("draft", 2),
    ("rejected", 1),
)


@dataclass(slots=True)
class Entry:
    """A movement of an account; what is settled of a receivable grows."""

    day: date
    kind: str
    amount: Decimal
    source: str = ""
    due: date | None = None
    number: str = ""
    settled: Decimal = Decimal(0)


@dataclass(slots=True)
class Payment:
    """A payment with the receivables that it settles."""

    partner: Partner
    day: date
    amount: Decimal
    status: str = "confirmed"
    number: str = ""
    settles: list[tuple[Entry, Decimal]] = field(default_factory=list)
    posted: Entry | None = None


@dataclass(slots=True)
class Book:
    """The accounts of one partner and its payments."""

    partner: Partner
    accounts: dict[str, list[Entry]] = field(default_factory=lambda: {one: [] for one in TYPES})
    payments: list[Payment] = field(default_factory=list)

    def balance(self, kind: str, until: date) -> Decimal:
        """Return the balance of an account at the end of a day."""
        return sum((one.amount for one in self.accounts[kind] if one.day <= until), Decimal(0))

    def pay(self, day: date, amount: Decimal) -> None:
        """Pay, and settle the oldest receivables with it."""
        payment = Payment(self.partner, day, amount)
        left = amount
        for one in sorted(self.accounts["ar"], key=lambda entry: entry.day):
            part = min(left, one.amount - one.settled)
            if one.day <= day and part > 0:
                payment.settles.append((one, part))
                one.settled += part
                left -= part
        self.payments.append(payment)
        payment.posted = Entry(day, "payment", -amount)
        self.accounts["ar"].append(payment.posted)


def accounts(
    chance: random.Random, heads: Sequence[Row], lines: Sequence[Row]
) -> tuple[Table, Table, Table, Table]:
    """Return the accounts, their entries, the payments and what these settle."""
    books = {one.code: Book(one) for one in PARTNERS}
    _move(books, heads, lines)
    for book in books.values():
        _open(book, chance)
        _collect(book, chance)
    waiting = list(_waiting(books, chance))
    payments = _numbered_payments(books, waiting)
    entries = _numbered_entries(books)
    return (
        Table("accounts_core/records/sample/partner_account.csv", _account_rows(books)),
        Table("accounts_core/records/sample/account_entry.csv", entries),
        Table("accounts_core/records/sample/payment_receipt.csv", [_payment(p) for p in payments]),
        Table(
            "accounts_core/records/sample/payment_allocation.csv",
            [
                {"payment": one.number, "entry": entry.number, "amount": money(part)}
                for one in payments
                for entry, part in one.settles
            ],
        ),
    )


def _move(books: dict[str, Book], heads: Sequence[Row], lines: Sequence[Row]) -> None:
    """Post what orders move: shipments on receivables, what they use of the rebate."""
    own: dict[str, list[Row]] = defaultdict(list)
    for line in lines:
        own[line["order"]].append(line)
    for head in heads:
        book = books[head["partner"]]
        if head["status"] not in SHIPPED:
            continue
        rebate = Decimal(head["rebate_requested"])
        shipped = date.fromisoformat(head["confirmed_at"][:10]) + timedelta(days=2)
        payable = payable_of(head, own[head["order_no"]])
        if book.partner.number in RECEIVABLE_THEN and shipped.month >= JUNE[0][0].month:
            continue  # whose June is given
        due = shipped + timedelta(days=DAYS[_terms(book.partner)])
        number = head["order_no"]
        book.accounts["ar"].append(Entry(shipped, "shipment", payable, number, due))
        if rebate:
            used = Entry(shipped - timedelta(days=2), "rebate_use", -rebate, number)
            book.accounts["rebate"].append(used)


def _open(book: Book, chance: random.Random) -> None:
    """Post the balances of the beginning of the year and what is granted every month."""
    partner = book.partner
    if partner.number == APPLICANT:
        return
    bought: Counter[int] = Counter()
    for one in book.accounts["ar"]:
        bought[one.day.month] += int(one.amount)
    monthly = Decimal(sum(bought.values())) / 6
    for month in range(1, 6):
        day = date(2025, month + 1, 5)
        grants = (("rebate", "rebate_accrue", REBATE_SHARE), ("mdf", "mdf", FUND_SHARE))
        for kind, entry, share in grants:
            amount = _cents(bought[month] * share)
            if amount:
                book.accounts[kind].append(Entry(day, entry, amount, f"2025-{month:02d}"))
    owed = _cents(monthly * chance.randint(40, 110) / 100)
    _opening(book, "ar", max(owed, Decimal(3_000)), OPENED + timedelta(days=15))
    _opening(book, "prepay", PREPAID.get(partner.number, Decimal(chance.choice((0, 0, 0, 20_000)))))
    _opening(book, "deposit", Decimal(_channel(partner)[2]))
    _opening(book, "rebate", _rebate_at_first(book, monthly))
    _opening(book, "mdf", _cents(monthly * FUND_SHARE))


def _opening(book: Book, kind: str, amount: Decimal, due: date | None = None) -> None:
    if amount:
        book.accounts[kind].insert(0, Entry(OPENED, "opening", amount, "", due))


def _rebate_at_first(book: Book, monthly: Decimal) -> Decimal:
    """Return a balance from which nothing ever uses more than there is."""
    then = REBATE_THEN.get(book.partner.number)
    if then is not None:
        return then - book.balance("rebate", FIXED_UNTIL)
    days = sorted({one.day for one in book.accounts["rebate"]})
    lowest = min((book.balance("rebate", day) for day in days), default=Decimal(0))
    return _cents(monthly * REBATE_SHARE) - min(lowest, Decimal(0))


def _collect(book: Book, chance: random.Random) -> None:
    """Let the partner pay month by month what is open, more or less."""
    number = book.partner.number
    for day in PAY_DAYS:
        open_then = book.balance("ar", day)
        last = day == PAY_DAYS[-1]
        paid = open_then * PAID_SHARE * chance.randint(90, 115) / 100
        if last and number in RECEIVABLE_THEN:
            paid = book.balance("ar", FIXED_UNTIL) - RECEIVABLE_THEN[number]
        amount = _cents(min(paid, open_then))
        if amount > 0:
            book.pay(day, amount)
    if number == 1:
        book.accounts["ar"] += [
            Entry(day, kind, amount, source, day + timedelta(days=30) if amount > 0 else None)
            for day, kind, amount, source in JUNE
        ]
        book.pay(*JUNE_PAYMENT)


def _waiting(books: dict[str, Book], chance: random.Random) -> Iterator[Payment]:
    """Yield payments that finance has not found at the bank."""
    payers = [one for one in books.values() if one.payments and one.partner.number != 1]
    for status, count in WAITING:
        for book in chance.sample(payers, count):
            amount = book.balance("ar", date(2025, 6, 30))
            if amount > 0:
                day = date(2025, 6, chance.randint(26, 30))
                yield Payment(book.partner, day, _cents(amount / 3), status)


def _numbered_entries(books: dict[str, Book]) -> list[Row]:
    """Return the entries in the order of their days, with numbers by month."""
    numbers: Counter[str] = Counter()
    found = [
        (one.day, account, position, kind, one)
        for account, kind, entries in _all_accounts(books)
        for position, one in enumerate(entries)
    ]
    rows = []
    for day, account, _, _, one in sorted(found, key=lambda line: line[:3]):
        month = f"{day:%Y%m}"
        numbers[month] += 1
        one.number = f"LS-{month}-{numbers[month]:06d}"
        posted = datetime.combine(day, time(17), BEIJING) + timedelta(seconds=numbers[month])
        rows.append(
            {
                "entry_no": one.number,
                "account": account,
                "entry_date": day.isoformat(),
                "posted_at": instant(posted),
                "entry_type": one.kind,
                "amount": money(one.amount),
                "source_no": one.source,
                "due_date": one.due.isoformat() if one.due else "",
            }
        )
    return rows


def _numbered_payments(books: dict[str, Book], waiting: Sequence[Payment]) -> list[Payment]:
    """Return all payments by day; what they post on the account carries their number."""
    numbers: Counter[date] = Counter()
    found = [*waiting, *(one for book in books.values() for one in book.payments)]
    for one in sorted(found, key=lambda each: (each.day, each.partner.number, each.status)):
        numbers[one.day] += 1
        one.number = f"SK-{one.day:%Y%m%d}-{numbers[one.day]:04d}"
        if one.posted is not None:
            one.posted.source = one.number
    return sorted(found, key=lambda each: each.number)


def _payment(one: Payment) -> Row:
    confirmed = one.status == "confirmed"
    at = datetime.combine(one.day, time(16, 30), BEIJING)
    return {
        "payment_no": one.number,
        "partner": one.partner.code,
        "pay_date": one.day.isoformat(),
        "amount": money(one.amount),
        "pay_method": "transfer",
        "purpose": "goods",
        "bank_ref": f"B{one.number[3:].replace('-', '')}" if one.status != "draft" else "",
        "status": one.status,
        "confirmed_at": instant(at) if confirmed else "",
        "created_at": instant(at - timedelta(hours=6)),
    }


def _account_rows(books: dict[str, Book]) -> list[Row]:
    return [
        {"account_no": number, "partner": book.partner.code, "account_type": kind, "held": "0.00"}
        for number, kind, book in _numbered_accounts(books)
    ]


def _numbered_accounts(books: dict[str, Book]) -> Iterator[tuple[str, str, Book]]:
    position = 0
    for book in books.values():
        for kind in TYPES:
            position += 1
            yield f"ZH-{position:06d}", kind, book


def _all_accounts(books: dict[str, Book]) -> Iterator[tuple[str, str, list[Entry]]]:
    for number, kind, book in _numbered_accounts(books):
        yield number, kind, book.accounts[kind]


def _channel(partner: Partner) -> tuple[str, str, int, str, bool, bool]:
    return next(one for one in CHANNEL_TYPES if one[0] == partner.channel)


def _terms(partner: Partner) -> str:
    return _channel(partner)[3]


def _cents(value: Decimal | int) -> Decimal:
    return Decimal(value).quantize(Decimal("0.01"), ROUND_HALF_UP)
