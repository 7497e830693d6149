"""What clients write: of the work they want, and of the work that was done."""

# ruff: noqa: E501 - tables of rows: a row is read as one line

from __future__ import annotations

from random import Random

#: what is asked for, by category: (English, Arabic)
WISHES: dict[str, tuple[tuple[str, str], ...]] = {
    "home_cleaning": (
        ("Three rooms, kitchen and two bathrooms. There is a cat; she is friendly.", "ثلاث غرف ومطبخ ودورتا مياه، ونرجو الاهتمام بالنوافذ."),
        ("Regular clean before guests come on Friday.", "تنظيف عادي قبل عزيمة يوم الجمعة."),
    ),
    "deep_cleaning": (("Flat after the painters: dust on everything.", "تنظيف شقة بعد أعمال الدهان، الغبار في كل مكان."),),
    "office_cleaning": (("Small office, eight desks, a pantry.", "مكتب صغير فيه ثمانية مكاتب ومطبخ تحضيري."),),
    "tv_mounting": (("65 inch on a block wall, cables hidden if possible.", "شاشة ٦٥ بوصة على جدار بلك، مع إخفاء الأسلاك إن أمكن."),),
    "shelf_mounting": (("Four shelves and a mirror in the hall.", "أربعة رفوف ومرآة في المدخل."),),
    "curtain_mounting": (("Curtain rails in the majlis.", "تركيب سكة ستائر في المجلس."),),
    "small_move": (("A washing machine and some boxes to Al Malqa.", "غسالة وبعض الكراتين إلى حي الملقا."),),
    "furniture_move": (("Two bedrooms and a sofa set, second floor.", "غرفتا نوم وطقم كنب، الدور الثاني."),),
    "lifting_help": (("A fridge up one floor.", "رفع ثلاجة دورًا واحدًا."),),
    "furniture_assembly": (("A wardrobe with three doors and a bed, still boxed.", "دولاب بثلاثة أبواب وسرير في الكراتين."),),
    "furniture_disassembly": (("A children's bunk bed to take apart.", "فك سرير أطفال بطابقين."),),
    "handyman": (("A door that sticks, two handles, a loose tile.", "باب يحتك ومقبضان وبلاطة مرتخية."),),
    "plumbing_minor": (("The kitchen tap drips all night.", "حنفية المطبخ تقطر طوال الليل."),),
    "painting": (("One bedroom, white, paint is here.", "غرفة نوم واحدة باللون الأبيض، والدهان موجود."),),
    "electrical_minor": (("Two sockets spark, one lamp to hang.", "مقبسان يصدران شررًا، وتعليق ثريا."),),
    "ac_cleaning": (("Four split units before summer.", "غسيل أربعة مكيفات سبليت قبل الصيف."),),
    "gardening": (("Lawn and two palms, the drip line leaks.", "عشب ونخلتان، وشبكة التنقيط فيها تسريب."),),
    "data_entry": (("Two hundred receipts into a sheet.", "إدخال مئتي فاتورة في جدول."),),
    "graphic_design": (("A menu for a small coffee shop.", "تصميم قائمة لمقهى صغير."),),
}  # fmt: skip

#: (English, Arabic) by stars; an empty text is a review without words
GOOD = (
    (
        "On time, careful, and the place looked better than I hoped.",
        "وصل في الموعد وعمل بعناية، والنتيجة أجمل مما توقعت.",
    ),
    ("Exactly as agreed. I will book again.", "تمامًا كما اتفقنا، وسأطلب الخدمة مرة أخرى."),
    (
        "Calm and very tidy. My mother was happy, which is not easy.",
        "هدوء وترتيب، ووالدتي راضية وهذا ليس سهلًا.",
    ),
    ("Explained the price before starting and it stayed like that.", "وضّح السعر قبل البدء ولم يتغير."),
    (
        "Wrote when leaving home, arrived five minutes early.",
        "راسلني عند الانطلاق ووصل قبل الموعد بخمس دقائق.",
    ),
    ("Took the rubbish along without being asked.", "أخذ المخلفات معه دون أن أطلب."),
    ("", ""),
    ("", ""),
)
FAIR = (
    ("Good work, half an hour late because of the ring road.", "عمل جيد، لكن تأخر نصف ساعة بسبب الدائري."),
    ("Fine in the end, I had to point out two corners.", "النتيجة جيدة، واحتجت إلى التنبيه على زاويتين."),
    ("Friendly. It took longer than planned.", "تعامل لطيف، لكن العمل أخذ وقتًا أطول من المخطط."),
    ("", ""),
)
POOR = (
    (
        "Left before it was finished and I cleaned the rest myself.",
        "غادر قبل أن يكتمل العمل وأكملت الباقي بنفسي.",
    ),
    ("An hour late and no message.", "تأخر ساعة دون أي رسالة."),
    ("Careless with the wall; a second person had to repair it.", "لم ينتبه للجدار، واضطررت لإصلاحه بعده."),
)
REPLIES = (
    ("Thank you, it was a pleasure to work for you.", "شكرًا لكم، سعدت بخدمتكم."),
    ("Thank you for your words. See you next time.", "شكرًا على كلماتكم الطيبة، وإلى لقاء قريب."),
)
SORRY = (
    ("I am sorry for the delay. I start earlier now when I come from the south.", "أعتذر عن التأخير، وأصبحت أنطلق مبكرًا."),
)  # fmt: skip
#: tags by group of the catalogue, besides those that fit any work
TAGS = {
    "cleaning": ("spotless", "own_supplies"),
    "mounting": ("level_and_firm", "left_it_clean"),
    "moving": ("nothing_damaged",),
    "assembly": ("sturdy",),
    "repairs": ("explained_well",),
    "electrical": ("worked_safely",),
}
PRAISE = ("punctual", "careful", "friendly", "good_value", "clear_messages", "fast")
BLAME = ("late", "unfinished", "rough", "hard_to_reach")


def wish(chance: Random, category: str, language: str) -> str:
    return chance.choice(WISHES[category])[language == "ar"]


def verdict(chance: Random, quality: float, language: str, group: str) -> tuple[int, list[str], str]:
    """Stars, tags and words of one review: the better the worker, the better they usually are."""
    roll = chance.random()
    stars = (
        5
        if roll < quality**1.5
        else 4
        if roll < quality**0.6
        else 3
        if roll < quality**0.25
        else chance.randint(1, 2)
    )
    texts, tags = (
        (GOOD, (*PRAISE, *TAGS.get(group, ())))
        if stars == 5
        else (FAIR, PRAISE)
        if stars == 4
        else (POOR, BLAME)
    )
    if stars == 3:
        texts = FAIR
    chosen = sorted(
        chance.sample(tags, k=min(len(tags), chance.choice((0, 1, 2, 2, 3) if stars > 3 else (1, 1, 2))))
    )
    return stars, chosen, chance.choice(texts)[language == "ar"]


def answer(chance: Random, stars: int, language: str) -> str:
    return chance.choice(REPLIES if stars >= 4 else SORRY)[language == "ar"]
