"""The people of the demo city who can be signed in as, the clients and the staff. Nobody here exists."""

from __future__ import annotations

from typing import NamedTuple

#: what staff type after the code, in the demo only
PASSWORD = "khidma-demo"  # noqa: S105 - a demo's, printed at every start

LINA, SARA = "+966500000001", "+966500000002"
KHALID, FAHAD, MARIAM = "+966500000003", "+966500000004", "+966500000005"


class Client(NamedTuple):
    name: str
    phone: str
    language: str
    district: str
    street: str
    floor: int
    elevator: bool
    card: str = "4242424242424242"
    woman: bool = False


class Colleague(NamedTuple):
    role: str
    name: str
    phone: str


CLIENTS: tuple[Client, ...] = (
    Client("Lina Al-Harbi", LINA, "en", "al-yasmin", "12 Olaya Extension, building 4", 2, False, woman=True),
    Client("خالد الدوسري", KHALID, "ar", "al-malqa", "شارع وادي هجر، فيلا 18", 0, False),
    Client("نوف السبيعي", "+966552000001", "ar", "hittin", "طريق الأمير تركي الأول، عمارة 7", 3, True, woman=True),
    Client("Omar Haddad", "+966552000002", "en", "al-sahafah", "Al Thumamah Road, tower B", 6, True, "5555555555554444"),
    Client("سعود المطيري", "+966552000003", "ar", "qurtubah", "شارع الملك عبدالله بن عبدالعزيز، فيلا 31", 1, False),
    Client("Emily Carter", "+966552000004", "en", "diriyah", "Wadi Hanifah compound, villa 22", 0, False, woman=True),
    Client("هيفاء الزامل", "+966552000005", "ar", "al-olaya", "شارع العليا العام، برج 3", 11, True, woman=True),
    Client("Arjun Mehta", "+966552000006", "en", "kafd", "Parcel 3.08, residence 1204", 12, True, "5555555555554444"),
    Client("فيصل العجمي", "+966552000007", "ar", "al-rawdah", "شارع خالد بن الوليد، عمارة 9", 2, False),
    Client("رنا حداد", "+966552000008", "ar", "al-nakheel", "طريق الإمام سعود، عمارة 5", 4, True, woman=True),
    Client("Yousef Al-Amri", "+966552000009", "en", "al-narjis", "Othman Ibn Affan Road, villa 6", 1, False),
    Client("منال الشهراني", "+966552000010", "ar", "al-suwaidi", "شارع عسير، عمارة 14", 2, False, woman=True),
    Client("Daniel Weber", "+966552000011", "en", "al-ghadir", "King Salman Road, flat 402", 4, True, "4000002760003184"),
)  # fmt: skip

STAFF: tuple[Colleague, ...] = (
    Colleague("ops_admin", "Noura Al-Otaibi", "+966500000011"),
    Colleague("admin", "Faisal Al-Ghamdi", "+966500000012"),
    Colleague("support_agent", "Huda Salem", "+966500000013"),
    Colleague("ts_agent", "Majed Al-Zahrani", "+966500000014"),
    Colleague("ops_manager", "Reem Al-Shehri", "+966500000015"),
)

#: what `mahalla up` prints: (role, name, phone)
SIGN_INS: tuple[tuple[str, str, str], ...] = (
    ("client", "Lina Al-Harbi", LINA),
    ("client", "خالد الدوسري", KHALID),
    ("tasker", "Sara Al-Qahtani", SARA),
    ("tasker", "فهد الحربي", FAHAD),
    ("tasker", "Mariam Yusuf (waiting for approval)", MARIAM),
    *((one.role, f"{one.name} (password {PASSWORD})", one.phone) for one in STAFF),
)
