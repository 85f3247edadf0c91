"""Channel types, tiers, users, partners and their addresses."""

from __future__ import annotations

import random
from dataclasses import dataclass

from tests.demo.regions import PROVINCES, districts_of, lineage, name_of
from tests.demo.tables import Row, Table, money

PASSWORD = "headrace-demo"

CHANNEL_TYPES = (
    # code, name, deposit, terms, bound to its territory, needs an upstream partner
    ("distributor", "区域经销商", 50_000, "net30", True, False),
    ("sub_distributor", "二级分销商", 10_000, "cod", True, True),
    ("ka", "KA连锁", 0, "net60", False, False),
    ("ecommerce", "电商分销商", 30_000, "prepaid", False, False),
    ("engineering", "工程渠道", 50_000, "net45", True, False),
    ("service", "安装服务商", 10_000, "prepaid", True, False),
)
TIERS = (
    # code, name, minimum purchase, minimum score, auto-confirm limit, rebate use, marketing fund
    ("diamond", "钻石", 12_000_000, "90", 200_000, "30", "1.5", "专属价格、优先备货、联合市场活动"),
    ("gold", "金牌", 5_000_000, "80", 100_000, "30", "1.2", "等级价格、优先备货"),
    ("silver", "银牌", 2_000_000, "70", 50_000, "30", "1.0", "渠道价格、培训支持"),
    ("bronze", "铜牌", 0, "0", 20_000, "20", "0.5", "标准价格"),
)
INTERNAL_USERS = (
    ("linzhixia", "林知夏", "brand_admin"),
    ("zhoumuzhi", "周牧之", "channel_director"),
    ("chenyu", "陈屿", "regional_manager@EAST"),
    ("huanglingnan", "黄岭南", "regional_manager@SOUTH"),
    ("zhaobeichen", "赵北辰", "regional_manager@NORTH"),
    ("luoxi", "罗西", "regional_manager@SOUTHWEST"),
    ("lixiaoqu", "李晓渠", "channel_manager@330000"),
    ("wangsiyuan", "王思远", "channel_manager@320000"),
    ("xuwan", "徐皖", "channel_manager@310000;channel_manager@340000"),
    ("heyuesheng", "何粤生", "channel_manager@SOUTH"),
    ("songyan", "宋燕", "channel_manager@NORTH"),
    ("dengyu", "邓渝", "channel_manager@SOUTHWEST"),
    ("wuxiaoman", "吴小满", "sales_operations"),
    ("qianning", "钱宁", "finance_clerk"),
    ("sunmin", "孙敏", "finance_manager"),
    ("hecang", "何仓", "warehouse_clerk"),
    ("tangke", "唐可", "marketing"),
    ("fengfu", "冯服", "service_agent"),
    ("wuji", "伍稽", "inspector"),
    ("zhenglv", "郑律", "legal"),
    ("qinjie", "秦接", "integration_admin"),
    ("caoxiang", "曹项", "project_manager"),
    ("shenzong", "沈总", "executive"),
    ("jiangcai", "江财", "finance_clerk"),
)
PARTNER_USERS = (
    ("fangchen", "方晨", "partner_admin", 1),
    ("shaohui", "邵会", "partner_finance", 1),
    ("xumiao", "许苗", "partner_clerk", 1),
    ("ouyangyue", "欧阳越", "partner_admin", 3),
    ("gurun", "顾润", "partner_admin", 4),
    ("shizhu", "石筑", "partner_admin", 9),
    ("yuncheng", "云橙", "partner_admin", 11),
    ("shenhe", "沈禾", "partner_admin", 12),
    ("yuxiao", "余晓", "partner_clerk", 13),
    ("liangyue", "梁粤", "partner_admin", 16),
)
APPLICANT = 3


@dataclass(frozen=True, slots=True)
class Partner:
    """One company of the demo."""

    number: int
    name: str
    channel: str
    tier: str
    parent: int | None
    territory: str
    manager: str
    pilot: bool
    uscc: str

    @property
    def code(self) -> str:
        """Return the partner code."""
        return f"PTN-{self.number:05d}"

    @property
    def user(self) -> str | None:
        """Return the login of its user who orders, where it has one."""
        order = ("partner_clerk", "partner_admin")
        found = [one for one in PARTNER_USERS if one[3] == self.number and one[2] in order]
        return min(found, key=lambda one: order.index(one[2]))[0] if found else None


def _table() -> tuple[Partner, ...]:
    managers = {name: login for login, name, _ in INTERNAL_USERS}
    rows = []
    for line in PARTNER_LINES.strip().splitlines():
        number, name, channel, tier, parent, territory, manager, pilot, uscc = line.split("|")
        rows.append(
            Partner(
                int(number),
                name,
                channel,
                tier,
                int(parent) if parent else None,
                territory,
                managers[manager],
                bool(pilot),
                uscc,
            )
        )
    return tuple(rows)


PARTNER_LINES = """
1|杭州晨屿商贸有限公司|distributor|gold||330100|李晓渠|是|91330100TEXT000017
2|宁波海岚家电有限公司|distributor|gold||330200|李晓渠|是|91330200TEXT00002F
3|温州瓯越净饮设备有限公司|distributor|silver||330300|李晓渠||91330300TEXT00003P
4|苏州润禾电器销售有限公司|distributor|silver||320500|王思远||91320500TEXT000041
5|南京栖岚电器有限公司|distributor|gold||320100|王思远||91320100TEXT00005F
6|无锡梁禾商贸有限公司|distributor|silver||320200|王思远||91320200TEXT00006P
7|合肥徽澜商贸有限公司|distributor|gold||340100|徐皖||91340100TEXT00007X
8|上海浦屿家电有限公司|distributor|diamond||310115|徐皖|是|91310115TEXT00008C
9|上海筑澜工程设备有限公司|engineering|gold||310115|徐皖||91310115TEXT00009F
10|江南优家连锁有限公司|ka|diamond||320100|王思远||91320100TEXT000101
11|杭州云橱电子商务有限公司|ecommerce|gold||330100|李晓渠|是|91330100TEXT000118
12|萧山屿禾家电经营部|sub_distributor|bronze|1|330109|李晓渠||92330109TEXT00012A
13|余杭晨禾电器商行|sub_distributor|bronze|1|330110|李晓渠||92330110TEXT00013T
14|慈溪海屿电器商行|sub_distributor|bronze|2|330282|李晓渠||92330282TEXT00014C
15|昆山润澜家电店|sub_distributor|bronze|4|320583|王思远||92320583TEXT000159
16|广州粤岚电器贸易有限公司|distributor|gold||440100|何粤生|是|91440100TEXT00016J
17|深圳鹏屿智能家居有限公司|distributor|diamond||440300|何粤生||91440300TEXT000170
18|佛山禅岚厨电有限公司|distributor|silver||440600|何粤生||91440600TEXT00018J
19|东莞莞禾电器有限公司|distributor|silver||441900|何粤生||91441900TEXT00019H
20|南宁邕禾商贸有限公司|distributor|bronze||450100|何粤生||91450100TEXT000205
21|福州闽屿电器有限公司|distributor|silver||350100|何粤生||91350100TEXT00021H
22|厦门鹭澜家居有限公司|distributor|gold||350200|何粤生||91350200TEXT00022R
23|广州橙橱网络科技有限公司|ecommerce|silver||440100|何粤生||91440100TEXT00023A
24|番禺粤禾电器商行|sub_distributor|bronze|16|440113|何粤生||92440113TEXT000245
25|顺德禅禾厨电店|sub_distributor|bronze|18|440606|何粤生||92440606TEXT00025X
26|北京燕屿电器有限公司|distributor|diamond||110100|宋燕|是|91110100TEXT000263
27|天津津禾家电贸易有限公司|distributor|silver||120100|宋燕||91120100TEXT00027A
28|石家庄冀岚商贸有限公司|distributor|silver||130100|宋燕||91130100TEXT00028H
29|济南泉屿电器有限公司|distributor|gold||370100|宋燕||91370100TEXT00029J
30|青岛崂澜贸易有限公司|distributor|gold||370200|宋燕||91370200TEXT00030W
31|北京中筑屿安工程有限公司|engineering|silver||110100|宋燕||91110100TEXT00031L
32|华北万家连锁有限公司|ka|gold||110100|宋燕||91110100TEXT00032P
33|北京京禾安装服务有限公司|service|bronze||110100|宋燕||91110100TEXT00033T
34|成都蓉屿商贸有限公司|distributor|gold||510100|邓渝||91510100TEXT00034Q
35|重庆渝岚家电有限公司|distributor|silver||500100|邓渝||91500100TEXT00035P
36|昆明滇禾净水科技有限公司|distributor|bronze||530100|邓渝||91530100TEXT000367
"""
PARTNERS = _table()

SURNAMES = "林陈周吴郑沈韩杨朱秦许何吕施张孔曹严华金魏陶姜"
GIVEN = (
    "文澜",
    "一禾",
    "景行",
    "予安",
    "知远",
    "若谷",
    "明川",
    "子岚",
    "书屿",
    "清和",
    "怀瑾",
    "云舟",
)
STREETS = ("滨江路", "云栖路", "澜山街", "禾丰大道", "科创三路", "物流园东路", "望潮路", "青屿巷")
SITES = ("仓库", "门店", "二号库", "办公楼")
AREA_CODES = {
    "11": "010",
    "12": "022",
    "13": "0311",
    "31": "021",
    "32": "025",
    "33": "0571",
    "34": "0551",
    "35": "0591",
    "37": "0531",
    "44": "020",
    "45": "0771",
    "50": "023",
    "51": "028",
    "53": "0871",
}
INCOMPLETE = {
    6: ("phone", "email"),
    15: ("legal_person", "email"),
    20: ("address",),
    25: ("email",),
}


@dataclass(frozen=True, slots=True)
class Address:
    """Where a partner takes goods."""

    code: str
    partner: int
    territory: str
    shipping: bool


def channel_types() -> Table:
    """Return the kinds of partners."""
    rows: list[Row] = [
        {
            "code": code,
            "name": name,
            "deposit_required": "true" if deposit else "false",
            "deposit_amount": money(deposit),
            "payment_terms": terms,
            "territory_bound": "true" if bound else "false",
            "requires_upstream": "true" if upstream else "false",
            "active": "true",
        }
        for code, name, deposit, terms, bound, upstream in CHANNEL_TYPES
    ]
    return Table("foundation/records/reference/channel_type.csv", rows)


def partner_tiers() -> Table:
    """Return the tiers, the highest first."""
    rows: list[Row] = [
        {
            "code": code,
            "name": name,
            "rank": str(rank),
            "min_annual_purchase": money(purchase),
            "min_score": score,
            "auto_confirm_limit": money(limit),
            "max_rebate_use_pct": rebate,
            "mdf_pct": fund,
            "benefits": benefits,
        }
        for rank, (code, name, purchase, score, limit, rebate, fund, benefits) in enumerate(
            TIERS, 1
        )
    ]
    return Table("foundation/records/reference/partner_tier.csv", rows)


def users() -> Table:
    """Return the brand's people and the partners' people."""
    rows = [_user(login, name, "", roles) for login, name, roles in INTERNAL_USERS]
    rows += [
        _user(login, name, f"PTN-{number:05d}", role) for login, name, role, number in PARTNER_USERS
    ]
    return Table("partner_master/records/sample/user.csv", rows)


def _user(login: str, name: str, organisation: str, roles: str) -> Row:
    return {
        "login": login,
        "name": name,
        "language": "zh",
        "time_zone": "Asia/Shanghai",
        "email": f"{login}@{'partner' if organisation else 'chenglan'}.example",
        "active": "true",
        "organisation": organisation,
        "roles": roles,
        "password": PASSWORD,
    }


def partners(chance: random.Random) -> Table:
    """Return the companies."""
    terms = {code: days for code, _, _, days, _, _ in CHANNEL_TYPES}
    rows = [_partner(one, terms[one.channel], chance) for one in PARTNERS]
    return Table("partner_master/records/sample/partner.csv", rows)


def _partner(one: Partner, terms: str, chance: random.Random) -> Row:
    applicant = one.number == APPLICANT
    province = next(code for code in lineage(one.territory) if code in PROVINCES)
    row = {
        "code": one.code,
        "name": one.name,
        "short_name": _short_name(one.name),
        "uscc": one.uscc,
        "legal_person": chance.choice(SURNAMES) + chance.choice(GIVEN),
        "registered_capital": money(chance.choice((50, 100, 200, 300, 500, 1000)) * 10_000),
        "established_date": f"{chance.randint(2003, 2019)}-{chance.randint(1, 12):02d}-{chance.randint(1, 28):02d}",
        "channel_type": one.channel,
        "tier": one.tier,
        "parent_partner": f"PTN-{one.parent:05d}" if one.parent else "",
        "territory": one.territory,
        "channel_manager": one.manager,
        "lifecycle_stage": "qualify" if applicant else "grow",
        "cooperation_status": "prospect" if applicant else "active",
        # Numbers that start with 0 behind the area code are given to nobody.
        "phone": f"{AREA_CODES[province[:2]]}-0100{one.number:04d}",
        "email": f"office@ptn{one.number:05d}.example",
        "address": f"{name_of(one.territory)}{chance.choice(STREETS)}{chance.randint(1, 399)}号",
        "invoice_title": one.name,
        "invoice_tax_no": one.uscc,
        "payment_terms": terms,
        "warehouse_area": f"{chance.randint(2, 60) * 50}.0",
        "sales_staff": str(chance.randint(2, 40)),
        "is_pilot": "true" if one.pilot else "false",
        "erp_customer_code": "" if applicant else f"C{100_000 + one.number}",
        "risk_level": chance.choices(("low", "medium", "high"), (8, 3, 1))[0],
        "created_at": f"2024-{chance.randint(1, 11):02d}-{chance.randint(1, 28):02d}T10:00:00+08:00",
        "created_by": one.manager,
    }
    return {**row, **dict.fromkeys(INCOMPLETE.get(one.number, ()), "")}


def _short_name(name: str) -> str:
    for ending in ("有限公司", "经营部", "商行", "店"):
        name = name.removesuffix(ending)
    return name


def addresses(chance: random.Random) -> tuple[Table, tuple[Address, ...]]:
    """Return the rows and what the orders need to know of them."""
    rows: list[Row] = []
    made: list[Address] = []
    for partner in PARTNERS:
        places = districts_of(partner.territory)
        count = 1 if partner.tier == "bronze" else chance.choice((2, 2, 3))
        for position in range(count):
            kind = "registered" if position == 1 else "shipping"
            place = places[position % len(places)]
            if partner.channel in {"ka", "ecommerce"} and position == 2:
                place = "440111" if partner.territory.startswith("3") else "310112"
            code = f"ADR-{len(rows) + 1:05d}"
            rows.append(_address(code, partner, kind, place, chance, default=position == 0))
            made.append(Address(code, partner.number, place, kind == "shipping"))
    return Table("partner_master/records/sample/partner_address.csv", rows), tuple(made)


def _address(
    code: str, partner: Partner, kind: str, place: str, chance: random.Random, *, default: bool
) -> Row:
    street = f"{chance.choice(STREETS)}{chance.randint(1, 299)}号{chance.choice(SITES)}"
    return {
        "code": code,
        "partner": partner.code,
        "address_type": kind,
        "consignee": chance.choice(SURNAMES) + chance.choice(("师傅", "经理", "主管")),
        # No mobile number starts with 100.
        "mobile": f"1000000{int(code[-5:]):04d}",
        "territory": place,
        "detail": f"{name_of(place)}{street}",
        "is_default": "true" if default else "false",
    }
