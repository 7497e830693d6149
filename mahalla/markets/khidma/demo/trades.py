"""What people in Riyadh do for a living: the task types of a trade, its skills and tools, and how they write of it."""

# ruff: noqa: E501 - tables of rows: a row is read as one line

from __future__ import annotations

from typing import NamedTuple


class Trade(NamedTuple):
    """``kinds`` are category codes, the first one always done; ``share`` of ten people who do it."""

    kinds: tuple[str, ...]
    skills: tuple[str, ...]
    tools: tuple[str, ...]
    men: int
    women: int
    en: tuple[str, ...]
    ar: tuple[str, ...]


TRADES: dict[str, Trade] = {
    "cleaner": Trade(
        ("home_cleaning", "deep_cleaning", "office_cleaning"),
        ("cleaning",),
        ("vacuum",),
        2,
        9,
        (
            "I have cleaned homes in Riyadh for {years} years. I bring my own cloths and machine, and I leave the kitchen the way I would want my own.",
            "Homes, flats after a move, offices in the evening. I work room by room and show you each one before I go. {years} years of it.",
            "Careful with marble and wood. Tell me what you use for it, or I bring mild products myself.",
        ),
        (
            "أعمل في تنظيف المنازل منذ {years} سنوات، وأحضر أدواتي معي، ولا أغادر قبل أن ترى كل غرفة.",
            "تنظيف الشقق والفلل والمكاتب، وأهتم بالمطبخ ودورات المياه أولًا. خبرة {years} سنوات في الرياض.",
            "أرتب وأنظف بهدوء واحترام لخصوصية البيت. أخبروني بما يحتاج إلى عناية خاصة.",
        ),
    ),
    "fitter": Trade(
        ("furniture_assembly", "furniture_disassembly", "tv_mounting", "shelf_mounting", "curtain_mounting"),
        ("assembly", "mounting"),
        ("screwdriver", "drill", "ladder"),
        5,
        1,
        (
            "Flat-pack furniture, screens and shelves, straight and firm. I carry my own drill, level and wall plugs for block walls.",
            "{years} years of fitting wardrobes and TVs all over Riyadh. I cover the floor first and take the boxes away after.",
            "Send me the name of the furniture and I tell you honestly how long it takes.",
        ),
        (
            "تركيب الأثاث الجاهز وتعليق الشاشات والرفوف بميزان دقيق، ومعي العدة كاملة. خبرة {years} سنوات.",
            "أركب غرف النوم والدواليب والستائر، وأغطي الأرضية قبل العمل وأنظف المكان بعده.",
            "أرسل صورة القطعة أو اسمها، وأخبرك بصدق كم تحتاج من الوقت.",
        ),
    ),
    "mover": Trade(
        ("lifting_help", "small_move", "furniture_move"),
        ("moving", "heavy_lifting"),
        ("van", "truck"),
        4,
        0,
        (
            "Careful moves with blankets and straps. I come with a helper for anything that needs four hands.",
            "From one room to a whole villa. {years} years, and I count the boxes at both doors.",
        ),
        (
            "نقل العفش داخل الرياض مع التغليف، ومعي سيارة مجهزة. خبرة {years} سنوات.",
            "نقل بعناية، والقطع الثقيلة نحملها معًا بالأحزمة. أعد القطع معك عند البابين.",
        ),
    ),
    "repairer": Trade(
        ("handyman", "plumbing_minor", "painting"),
        ("handyman", "plumbing", "painting"),
        ("toolbox", "paint_kit"),
        5,
        0,
        (
            "Dripping taps, doors that stick, a wall to paint: the list on your fridge in one visit. {years} years in villas and compounds.",
            "I explain what is wrong before I touch it, and I leave the old part with you.",
        ),
        (
            "سباكة بسيطة ودهان وإصلاح أبواب، أنجز قائمتك في زيارة واحدة. خبرة {years} سنوات.",
            "أشرح سبب العطل قبل الإصلاح، وأترك لك القطعة القديمة لتطمئن.",
        ),
    ),
    "electrician": Trade(
        ("electrical_minor", "ac_cleaning"),
        ("electrical", "ac_care"),
        ("toolbox", "multimeter", "pressure_washer", "ladder"),
        4,
        0,
        (
            "Electrician with {years} years of homes and shops. I switch off and measure first, then work, and photograph what I did.",
            "Split and window units washed with low pressure, a cover under each. Better air the same day.",
        ),
        (
            "كهربائي منازل، أفصل التيار وأقيس قبل العمل وأصوّر ما أنجزت. خبرة {years} سنوات.",
            "غسيل المكيفات بالضغط مع تغطية الأثاث تحت كل وحدة، وفحص التصريف قبل المغادرة.",
        ),
    ),
    "gardener": Trade(
        ("gardening",),
        ("gardening", "heavy_lifting"),
        ("garden_tools",),
        2,
        0,
        (
            "Lawns, palms, drip irrigation. I know which plants live through a July in Riyadh.",
            "I tidy gardens and yards, repair drip lines and leave the cuttings in bags. {years} years.",
        ),
        (
            "تنسيق الحدائق وتقليم النخل وصيانة شبكات الري بالتنقيط. خبرة {years} سنوات.",
            "أعرف ما يتحمل حرّ الرياض من النباتات، وأنظف الفناء قبل أن أغادر.",
        ),
    ),
    "desk": Trade(
        ("data_entry", "graphic_design"),
        ("data_entry", "design"),
        (),
        1,
        2,
        (
            "Clean spreadsheets and simple, honest design, in Arabic and English. I send a first page early so that we agree on the rest.",
            "Menus, social posts, price lists. {years} years with small shops in Riyadh.",
        ),
        (
            "إدخال بيانات مرتب وتصاميم بسيطة وواضحة بالعربية والإنجليزية. أرسل صفحة أولى مبكرًا لنتفق.",
            "تصميم قوائم الطعام ومنشورات المتاجر. خبرة {years} سنوات مع المحلات الصغيرة.",
        ),
    ),
}
