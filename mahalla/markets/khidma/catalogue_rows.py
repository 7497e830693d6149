"""What Khidma starts with: its task types, skills and the words of its reviews, in English and Arabic.

Rows only; ``catalogue.plant`` puts them into the database, where operators edit them from then on.
"""

# ruff: noqa: E501 - tables of rows: a row is read as one line

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

Names = dict[str, str]


def names(en: str, ar: str) -> Names:
    return {"en": en, "ar": ar}


# --- structured inputs (KH-CAT-03) ----------------------------------------------------------------------------------

PARKING = [
    {"code": "none", "names": names("No constraint", "لا توجد صعوبة")},
    {"code": "limited", "names": names("Limited parking", "مواقف محدودة")},
    {"code": "no_parking", "names": names("No parking", "لا توجد مواقف")},
]
INPUTS: dict[str, dict[str, Any]] = {
    "items": {"kind": "integer", "min": 1, "max": 500, "names": names("Number of items", "عدد القطع")},
    "floor": {
        "kind": "integer",
        "min": -10,
        "max": 200,
        "names": names("Floor", "الدور"),
        "help": names("The ground floor is 0.", "الدور الأرضي هو 0."),
    },
    "elevator": {"kind": "boolean", "names": names("Is there an elevator?", "هل يوجد مصعد؟")},
    "parking": {
        "kind": "choice",
        "choices": PARKING,
        "default": "none",
        "names": names("Parking", "مواقف السيارات"),
    },
    "heavy_lifting": {"kind": "boolean", "names": names("Heavy lifting", "حمل أشياء ثقيلة")},
    "gas_mains": {
        "kind": "boolean",
        "names": names("Work on gas or mains electricity", "عمل على الغاز أو الكهرباء الرئيسية"),
    },
    "pets": {"kind": "boolean", "names": names("Pets at home", "توجد حيوانات أليفة في المكان")},
}


def inputs(*wanted: str) -> list[dict[str, Any]]:
    """Input specs by name; a name with ``!`` is required."""
    return [
        {"name": name.rstrip("!"), **INPUTS[name.rstrip("!")]} | ({"required": True} if "!" in name else {})
        for name in wanted
    ]


AT_HOME = inputs("items", "floor", "elevator", "parking", "heavy_lifting", "pets")
COUNTED = inputs("items!", "floor", "elevator", "parking", "heavy_lifting", "pets")
CARRIED = inputs("items!", "floor!", "elevator", "parking", "heavy_lifting", "pets")
REPAIRED = inputs("items", "floor", "elevator", "parking", "heavy_lifting", "gas_mains", "pets")
BY_COUNT = inputs("items!", "pets")
AT_A_DESK = inputs("items")

# --- skills ---------------------------------------------------------------------------------------------------------

SKILLS: dict[str, Names] = {
    "cleaning": names("Cleaning", "التنظيف"),
    "mounting": names("Mounting", "التركيب والتعليق"),
    "assembly": names("Furniture assembly", "تركيب الأثاث"),
    "moving": names("Moving", "نقل العفش"),
    "heavy_lifting": names("Heavy lifting", "حمل الأشياء الثقيلة"),
    "handyman": names("Home repairs", "الصيانة المنزلية"),
    "plumbing": names("Plumbing", "السباكة"),
    "electrical": names("Electrical work", "الكهرباء"),
    "ac_care": names("Air-conditioner care", "صيانة المكيفات"),
    "painting": names("Painting", "الدهان"),
    "gardening": names("Gardening", "تنسيق الحدائق"),
    "data_entry": names("Data entry", "إدخال البيانات"),
    "design": names("Graphic design", "التصميم الجرافيكي"),
}

# --- task types -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Kind:
    """A bookable sub-category. ``guide`` is p25, median and p75 of hourly rates in halalas, ``fixed`` of whole jobs."""

    code: str
    names: Names
    icon: str
    minutes: int
    guide: tuple[int, int, int]
    skills: tuple[str, ...]
    tools: tuple[str, ...] = ()
    inputs: list[dict[str, Any]] = field(default_factory=lambda: AT_HOME)
    fixed: tuple[int, int, int] | None = None
    risk: str = "low"
    place: str = "on_site"

    @property
    def pricing_models(self) -> list[str]:
        return ["hourly", "fixed"] if self.fixed else ["hourly"]

    @property
    def flags(self) -> dict[str, Any]:
        flags: dict[str, Any] = {"guide_minor": list(self.guide)}
        if self.fixed:
            flags["guide_fixed_minor"] = list(self.fixed)
        return flags


@dataclass(frozen=True, slots=True)
class Group:
    code: str
    names: Names
    icon: str
    kinds: tuple[Kind, ...]


GROUPS: tuple[Group, ...] = (
    Group(
        "cleaning",
        names("Cleaning", "التنظيف"),
        "broom",
        (
            Kind("home_cleaning", names("Home cleaning", "تنظيف المنازل"), "broom", 180, (2500, 3000, 3500), ("cleaning",)),
            Kind("deep_cleaning", names("Deep cleaning", "تنظيف عميق"), "sparkle", 300, (3000, 3500, 4500), ("cleaning",), ("vacuum",)),
            Kind("office_cleaning", names("Office cleaning", "تنظيف المكاتب"), "briefcase", 180, (2500, 3200, 4000), ("cleaning",)),
        ),
    ),
    Group(
        "mounting",
        names("Mounting", "التركيب والتعليق"),
        "tv",
        (
            Kind("tv_mounting", names("TV mounting", "تعليق الشاشات"), "tv", 90, (3500, 4500, 6000), ("mounting",), ("drill",), COUNTED),
            Kind("shelf_mounting", names("Shelves and pictures", "تعليق الرفوف واللوحات"), "hammer", 60, (3000, 4000, 5000), ("mounting",), ("drill",), COUNTED, (6000, 8000, 12000)),
            Kind("curtain_mounting", names("Curtains and blinds", "تركيب الستائر"), "home", 90, (3000, 4000, 5500), ("mounting",), ("drill", "ladder"), COUNTED, (8000, 12000, 18000)),
        ),
    ),
    Group(
        "moving",
        names("Moving", "نقل العفش"),
        "truck",
        (
            Kind("small_move", names("Small move", "نقل أغراض بسيطة"), "box", 120, (4000, 5000, 7000), ("moving",), ("van",), CARRIED, risk="medium"),
            Kind("furniture_move", names("Furniture move", "نقل أثاث"), "truck", 240, (5000, 6500, 9000), ("moving",), ("truck",), CARRIED, risk="medium"),
            Kind("lifting_help", names("Help with lifting", "المساعدة في الحمل والترتيب"), "users", 90, (3000, 4000, 5000), ("moving",), (), CARRIED, risk="medium"),
        ),
    ),
    Group(
        "assembly",
        names("Furniture assembly", "تركيب الأثاث"),
        "sofa",
        (
            Kind("furniture_assembly", names("Flat-pack furniture", "تركيب الأثاث الجاهز"), "sofa", 120, (3000, 4000, 5000), ("assembly",), ("screwdriver",), COUNTED, (10000, 15000, 22000)),
            Kind("furniture_disassembly", names("Taking furniture apart", "فك الأثاث"), "wrench", 90, (3000, 4000, 5000), ("assembly",), ("screwdriver",), COUNTED),
        ),
    ),
    Group(
        "repairs",
        names("Home repairs", "الصيانة المنزلية"),
        "wrench",
        (
            Kind("handyman", names("Handyman", "فني صيانة عامة"), "wrench", 90, (3500, 4500, 6000), ("handyman",), ("toolbox",), REPAIRED),
            Kind("plumbing_minor", names("Minor plumbing", "سباكة بسيطة"), "tap", 90, (4500, 6000, 8000), ("plumbing",), ("toolbox",), REPAIRED, risk="medium"),
            Kind("painting", names("Painting a room", "دهان غرفة"), "paint", 300, (3000, 4000, 5500), ("painting",), ("paint_kit",), COUNTED),
        ),
    ),
    Group(
        "electrical",
        names("Electrical work", "أعمال الكهرباء"),
        "plug",
        (
            Kind("electrical_minor", names("Minor electrical work", "أعمال كهربائية بسيطة"), "plug", 60, (5000, 6500, 9000), ("electrical",), ("toolbox", "multimeter"), COUNTED, risk="high"),
        ),
    ),
    Group(
        "air_conditioning",
        names("Air conditioning", "المكيفات"),
        "snow",
        (
            Kind("ac_cleaning", names("Air-conditioner cleaning", "تنظيف المكيفات"), "snow", 60, (5000, 6000, 8000), ("ac_care",), ("pressure_washer", "ladder"), COUNTED, (8000, 10000, 15000), "medium"),
        ),
    ),
    Group(
        "outdoors",
        names("Garden and yard", "الحديقة والفناء"),
        "plant",
        (
            Kind("gardening", names("Gardening", "العناية بالحديقة"), "plant", 150, (2500, 3500, 4500), ("gardening",), ("garden_tools",), inputs("parking", "heavy_lifting", "pets")),
        ),
    ),
    Group(
        "remote",
        names("Remote work", "أعمال عن بُعد"),
        "laptop",
        (
            Kind("data_entry", names("Data entry", "إدخال البيانات"), "file", 120, (2000, 2800, 4000), ("data_entry",), (), AT_A_DESK, place="remote"),
            Kind("graphic_design", names("Graphic design", "تصميم جرافيكي"), "paint", 180, (5000, 7500, 12000), ("design",), (), AT_A_DESK, (15000, 25000, 45000), place="remote"),
        ),
    ),
)  # fmt: skip

# --- the words of reviews (KH-REV-02) -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Tag:
    code: str
    names: Names
    positive: bool = True
    group: str = ""


TAGS: tuple[Tag, ...] = (
    Tag("punctual", names("Punctual", "ملتزم بالموعد")),
    Tag("careful", names("Careful", "حريص ودقيق")),
    Tag("friendly", names("Friendly", "لطيف التعامل")),
    Tag("good_value", names("Good value", "سعر مناسب")),
    Tag("clear_messages", names("Clear in messages", "تواصل واضح")),
    Tag("fast", names("Fast", "سريع الإنجاز")),
    Tag("spotless", names("Spotless", "نظافة ممتازة"), group="cleaning"),
    Tag("own_supplies", names("Brought own supplies", "أحضر أدوات التنظيف"), group="cleaning"),
    Tag("level_and_firm", names("Level and firm", "تثبيت متقن"), group="mounting"),
    Tag("left_it_clean", names("Left it clean", "ترك المكان نظيفًا"), group="mounting"),
    Tag("nothing_damaged", names("Nothing damaged", "حافظ على الأغراض"), group="moving"),
    Tag("sturdy", names("Sturdy result", "تركيب متين"), group="assembly"),
    Tag("explained_well", names("Explained well", "شرح المشكلة جيدًا"), group="repairs"),
    Tag("worked_safely", names("Worked safely", "التزم بالسلامة"), group="electrical"),
    Tag("late", names("Late", "تأخر عن الموعد"), positive=False),
    Tag("unfinished", names("Left it unfinished", "لم يُكمل العمل"), positive=False),
    Tag("rough", names("Rough with things", "غير حريص على الأغراض"), positive=False),
    Tag("hard_to_reach", names("Hard to reach", "صعب التواصل"), positive=False),
)
