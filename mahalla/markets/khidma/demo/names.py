"""Names of Riyadh's workers as they write them, by where they come from, with what they speak. All invented."""

from __future__ import annotations

from typing import NamedTuple


class Community(NamedTuple):
    """``language`` is the one that the service speaks with them, ``spoken`` what they speak with clients."""

    language: str
    spoken: tuple[str, ...]
    men: tuple[str, ...]
    women: tuple[str, ...] = ()


COMMUNITIES: tuple[Community, ...] = (
    Community(
        "ar",
        ("ar", "en"),
        ("سلطان العنزي", "ماجد الغامدي", "تركي الشهري", "بندر الرشيدي", "ناصر البقمي", "يزيد العسيري", "عبدالإله المالكي"),
        ("نورة العتيبي", "ريم الخالدي", "هند الشمري", "أمل الزهراني", "شهد المطيري"),
    ),
    Community(
        "ar",
        ("ar",),
        (
            "محمود عبدالعزيز", "أحمد السيد", "كريم مصطفى", "حسام فؤاد", "إبراهيم شعبان", "عماد رمضان", "طارق حسن",
            "وليد سامي", "رضا عبدالحميد", "هاني فتحي", "أشرف منصور", "سعيد البدري",
        ),
        ("منى السيد", "سعاد محمود"),
    ),
    Community(
        "ar",
        ("ar",),
        ("صالح الحداد", "عبدالرحمن المقطري", "نبيل العريقي", "فؤاد الصبري", "علي باوزير", "عمر بامخرمة"),
    ),
    Community("ar", ("ar", "en"), ("عثمان الطيب", "ياسر عبدالباقي", "معتز الأمين"), ("آمنة إدريس",)),
    Community("ar", ("ar", "en"), ("أنس الحلبي", "ماهر الحموي", "سامر عودة")),
    Community(
        "en",
        ("ur", "en", "ar"),
        (
            "Imran Ahmed", "Muhammad Bilal", "Asif Mehmood", "Naveed Iqbal", "Waqas Ali", "Shahid Hussain",
            "Zahid Abbas", "Kamran Akhtar", "Tariq Javed", "Rizwan Butt",
        ),
    ),
    Community(
        "en",
        ("hi", "en", "ar"),
        (
            "Rajesh Kumar", "Suresh Nair", "Mohammed Shafi", "Anil Thomas", "Sreejith Menon", "Vijay Yadav",
            "Irfan Shaikh", "Salim Ansari",
        ),
        ("Mary Joseph", "Lakshmi Devi"),
    ),
    Community(
        "en",
        ("bn", "ar"),
        ("Rafiqul Islam", "Jahangir Alam", "Shahin Miah", "Abul Kalam", "Habibur Rahman", "Nazrul Haque", "Monir Hossain"),
    ),
    Community("en", ("ne", "en"), ("Ram Bahadur Thapa", "Bishnu Gurung", "Krishna Tamang", "Dipak Rai"), ("Sita Lama",)),
    Community(
        "en",
        ("tl", "en"),
        ("Rodel Santos", "Jun Bautista", "Arnel Reyes", "Marlon Cruz", "Edwin Garcia"),
        (
            "Maria Santos", "Liza Mendoza", "Grace Villanueva", "Jocelyn Ramos", "Rowena Flores", "Cherry Aquino",
            "Marites Dela Cruz",
        ),
    ),
    Community("en", ("id", "ar"), (), ("Siti Rahmawati", "Dewi Lestari", "Nur Aini")),
    Community("en", ("en", "sw"), ("Peter Otieno",), ("Grace Wanjiru", "Amina Namukasa")),
    Community("en", ("si", "en"), ("Nimal Perera",), ("Kumari Silva",)),
    Community("en", ("am", "ar"), (), ("Hanna Tesfaye", "Meron Bekele")),
)  # fmt: skip
