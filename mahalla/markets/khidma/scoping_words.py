"""The words by which the built-in provider of ``scoping`` recognises work, in English and Arabic."""

from __future__ import annotations

#: how strongly a word speaks for a category of the starting catalogue
CATEGORY_WORDS: dict[str, dict[str, int]] = {
    "home_cleaning": {
        "clean": 2, "cleaning": 2, "cleaner": 2, "tidy": 1, "home": 1, "house": 1, "apartment": 1,
        "تنظيف": 2, "نظافة": 2, "بيت": 1, "منزل": 1, "شقة": 1,
    },
    "deep_cleaning": {"deep clean": 5, "deep cleaning": 5, "move out": 2, "تنظيف عميق": 5, "تنظيف شامل": 4},
    "office_cleaning": {
        "office": 2, "clean": 1, "cleaning": 1, "مكتب": 2, "مكاتب": 2, "تنظيف": 1, "شركة": 1,
    },
    "tv_mounting": {
        "tv": 3, "tvs": 3, "television": 3, "televisions": 3, "screen": 2, "mount": 1, "hang": 1,
        "شاشة": 3, "شاشات": 3, "شاشتين": 3, "تلفزيون": 3, "تلفاز": 3, "تعليق": 1, "تركيب": 1,
    },
    "shelf_mounting": {
        "shelf": 3, "shelves": 3, "picture": 3, "pictures": 3, "mirror": 3, "mount": 1, "hang": 1,
        "رف": 3, "رفوف": 3, "لوحة": 3, "لوحات": 3, "مرآة": 3, "تعليق": 1,
    },
    "curtain_mounting": {"curtain": 3, "curtains": 3, "blinds": 3, "ستارة": 3, "ستائر": 3, "تركيب": 1},
    "small_move": {"boxes": 2, "box": 2, "move": 2, "carry": 1, "صناديق": 2, "كراتين": 2, "اغراض": 2, "نقل": 2},
    "furniture_move": {
        "furniture": 2, "move": 2, "moving": 2, "sofa": 2, "truck": 2, "relocate": 2,
        "اثاث": 2, "عفش": 3, "نقل": 2, "كنب": 2, "دينا": 2,
    },
    "furniture_assembly": {
        "assemble": 3, "assembly": 3, "ikea": 3, "flat pack": 3, "wardrobe": 1, "bed": 1, "desk": 1,
        "furniture": 1, "ايكيا": 3, "اثاث": 1, "تركيب": 2, "دولاب": 2, "سرير": 2, "طاولة": 2,
    },
    "furniture_disassembly": {"disassemble": 4, "take apart": 4, "dismantle": 4, "فك": 3, "تفكيك": 4},
    "handyman": {"repair": 2, "fix": 2, "handyman": 3, "door": 1, "lock": 1, "تصليح": 2, "اصلاح": 2, "صيانة": 2, "باب": 1},
    "plumbing_minor": {
        "plumber": 3, "plumbing": 3, "tap": 3, "leak": 3, "leaking": 3, "toilet": 2, "sink": 3,
        "سباك": 3, "سباكة": 3, "تسريب": 3, "حنفية": 3, "مغسلة": 3,
    },
    "painting": {"paint": 3, "painting": 3, "دهان": 3, "صبغ": 3, "بوية": 3},
    "electrical_minor": {
        "electrician": 3, "electrical": 3, "socket": 3, "outlet": 3, "wiring": 3, "light": 1,
        "كهربائي": 3, "كهرباء": 3, "فيش": 3, "افياش": 3, "لمبة": 2,
    },
    "ac_cleaning": {
        "ac": 3, "air conditioner": 4, "air conditioners": 4, "air conditioning": 4,
        "مكيف": 4, "مكيفات": 4, "مكيفين": 4, "تكييف": 4,
    },
    "gardening": {"garden": 3, "gardening": 3, "lawn": 3, "plants": 2, "حديقة": 3, "عشب": 3, "زرع": 2, "شجر": 2},
    "data_entry": {"data entry": 4, "typing": 2, "excel": 3, "spreadsheet": 3, "ادخال بيانات": 4, "اكسل": 3},
    "graphic_design": {"logo": 3, "design": 2, "poster": 3, "flyer": 3, "شعار": 3, "تصميم": 2, "بوستر": 3},
}  # fmt: skip

FLAG_WORDS: dict[str, tuple[str, ...]] = {
    "elevator": ("elevator", "lift available", "مصعد", "اصنصير"),
    "heavy_lifting": ("heavy", "heavy lifting", "ثقيل", "ثقيلة", "ثقيله"),
    "pets": ("pet", "pets", "cat", "cats", "dog", "dogs", "قطة", "قطط", "كلب", "كلاب", "حيوانات"),
}
NO_ELEVATOR = (
    "no elevator",
    "without elevator",
    "no lift",
    "without a lift",
    "بدون مصعد",
    "لا يوجد مصعد",
    "ما فيه مصعد",
)

#: floors said in words, the longer first
FLOORS: tuple[tuple[str, int], ...] = (
    ("ground floor", 0), ("first floor", 1), ("second floor", 2), ("third floor", 3), ("fourth floor", 4),
    ("fifth floor", 5), ("sixth floor", 6), ("seventh floor", 7), ("eighth floor", 8), ("ninth floor", 9),
    ("tenth floor", 10), ("basement", -1),
    ("الدور الأرضي", 0), ("الدور الأول", 1), ("الدور الثاني", 2), ("الدور الثالث", 3), ("الدور الرابع", 4),
    ("الدور الخامس", 5), ("الدور السادس", 6), ("الدور السابع", 7), ("الدور الثامن", 8), ("الدور التاسع", 9),
    ("الدور العاشر", 10), ("الطابق الأرضي", 0), ("الطابق الأول", 1), ("الطابق الثاني", 2), ("الطابق الثالث", 3),
    ("الطابق الرابع", 4), ("الطابق الخامس", 5), ("القبو", -1),
)  # fmt: skip

#: numbers said in words; an Arabic dual counts two
NUMBERS: tuple[tuple[str, int], ...] = (
    ("two", 2), ("three", 3), ("four", 4), ("five", 5), ("six", 6), ("seven", 7), ("eight", 8), ("nine", 9),
    ("ten", 10), ("twelve", 12), ("one", 1), ("a couple of", 2), ("a pair of", 2),
    ("شاشتين", 2), ("رفين", 2), ("مكيفين", 2), ("غرفتين", 2), ("كنبتين", 2), ("دولابين", 2), ("سريرين", 2),
    ("اثنين", 2), ("اثنتين", 2), ("ثلاث", 3), ("ثلاثة", 3), ("اربع", 4), ("اربعة", 4), ("خمس", 5), ("خمسة", 5),
    ("ست", 6), ("ستة", 6), ("سبع", 7), ("سبعة", 7), ("ثمان", 8), ("ثمانية", 8), ("تسع", 9), ("تسعة", 9),
    ("عشر", 10), ("عشرة", 10), ("واحد", 1), ("واحدة", 1),
)  # fmt: skip
