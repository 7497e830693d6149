"""Riyadh: the centres of its districts, with the names on its street signs."""

from __future__ import annotations

from typing import NamedTuple

from mahalla.kernel.places.models import City, District


class Place(NamedTuple):
    code: str
    en: str
    ar: str
    lat: float
    lng: float


RIYADH = Place("riyadh", "Riyadh", "الرياض", 24.7136, 46.6753)

DISTRICTS: tuple[Place, ...] = (
    Place("al-olaya", "Al Olaya", "العليا", 24.6940, 46.6850),
    Place("kafd", "King Abdullah Financial District", "مركز الملك عبدالله المالي", 24.7620, 46.6400),
    Place("al-malqa", "Al Malqa", "الملقا", 24.8010, 46.6080),
    Place("hittin", "Hittin", "حطين", 24.7640, 46.6010),
    Place("al-yasmin", "Al Yasmin", "الياسمين", 24.8230, 46.6440),
    Place("al-sahafah", "Al Sahafah", "الصحافة", 24.8000, 46.6380),
    Place("al-nakheel", "Al Nakheel", "النخيل", 24.7480, 46.6240),
    Place("al-narjis", "Al Narjis", "النرجس", 24.8560, 46.6600),
    Place("al-aqiq", "Al Aqiq", "العقيق", 24.7780, 46.6270),
    Place("al-ghadir", "Al Ghadir", "الغدير", 24.7730, 46.6560),
    Place("al-rabi", "Al Rabi", "الربيع", 24.7930, 46.6600),
    Place("al-nada", "Al Nada", "الندى", 24.8040, 46.6800),
    Place("al-izdihar", "Al Izdihar", "الازدهار", 24.7810, 46.7180),
    Place("al-mughrizat", "Al Mughrizat", "المغرزات", 24.7640, 46.7220),
    Place("al-taawun", "Al Taawun", "التعاون", 24.7720, 46.7000),
    Place("al-muruj", "Al Muruj", "المروج", 24.7560, 46.6630),
    Place("al-mursalat", "Al Mursalat", "المرسلات", 24.7480, 46.6900),
    Place("al-nuzhah", "Al Nuzhah", "النزهة", 24.7560, 46.7080),
    Place("al-wadi", "Al Wadi", "الوادي", 24.7880, 46.6890),
    Place("al-falah", "Al Falah", "الفلاح", 24.7960, 46.7100),
    Place("king-fahd", "King Fahd", "الملك فهد", 24.7400, 46.6740),
    Place("al-wurud", "Al Wurud", "الورود", 24.7210, 46.6770),
    Place("al-sulaymaniyah", "Al Sulaymaniyah", "السليمانية", 24.7040, 46.7010),
    Place("al-malaz", "Al Malaz", "الملز", 24.6650, 46.7330),
    Place("al-murabba", "Al Murabba", "المربع", 24.6540, 46.7060),
    Place("al-batha", "Al Batha", "البطحاء", 24.6360, 46.7160),
    Place("al-rawdah", "Al Rawdah", "الروضة", 24.7330, 46.7660),
    Place("al-hamra", "Al Hamra", "الحمراء", 24.7740, 46.7540),
    Place("qurtubah", "Qurtubah", "قرطبة", 24.8140, 46.7450),
    Place("ishbiliyah", "Ishbiliyah", "إشبيلية", 24.7920, 46.7890),
    Place("al-yarmuk", "Al Yarmuk", "اليرموك", 24.8060, 46.7870),
    Place("al-munsiyah", "Al Munsiyah", "المونسية", 24.8290, 46.7700),
    Place("al-rimal", "Al Rimal", "الرمال", 24.8820, 46.8220),
    Place("al-khaleej", "Al Khaleej", "الخليج", 24.7720, 46.7990),
    Place("al-naseem-east", "Al Naseem East", "النسيم الشرقي", 24.7380, 46.8330),
    Place("al-rayyan", "Al Rayyan", "الريان", 24.7080, 46.7700),
    Place("al-rabwah", "Al Rabwah", "الربوة", 24.6930, 46.7560),
    Place("al-aziziyah", "Al Aziziyah", "العزيزية", 24.5880, 46.7660),
    Place("al-shifa", "Al Shifa", "الشفا", 24.5560, 46.6960),
    Place("al-suwaidi", "Al Suwaidi", "السويدي", 24.5930, 46.6720),
    Place("al-badiah", "Al Badiah", "البديعة", 24.6110, 46.6680),
    Place("laban", "Dhahrat Laban", "ظهرة لبن", 24.6330, 46.5490),
    Place("irqah", "Irqah", "عرقة", 24.6850, 46.5810),
    Place("diriyah", "Diriyah", "الدرعية", 24.7340, 46.5750),
)  # fmt: skip


def plant() -> tuple[City, dict[str, District]]:
    """The city and its districts by code; twice is once."""
    city, _fresh = City.objects.get_or_create(
        code=RIYADH.code,
        defaults={
            "names": {"en": RIYADH.en, "ar": RIYADH.ar},
            "timezone": "Asia/Riyadh",
            "currency": "SAR",
            "lat": RIYADH.lat,
            "lng": RIYADH.lng,
        },
    )
    District.objects.bulk_create(
        [
            District(
                city=city,
                code=row.code,
                names={"en": row.en, "ar": row.ar},
                lat=row.lat,
                lng=row.lng,
                position=position,
            )
            for position, row in enumerate(DISTRICTS)
        ],
        ignore_conflicts=True,
    )
    return city, {row.code: row for row in District.objects.filter(city=city)}
