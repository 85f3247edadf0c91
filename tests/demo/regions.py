"""The 96 territories: nation, regions, provinces, cities, districts (codes of GB/T 2260)."""

from __future__ import annotations

from tests.demo.tables import Row, Table

REGIONS = {
    "EAST": ("华东大区", ("310000", "320000", "330000", "340000")),
    "SOUTH": ("华南大区", ("350000", "440000", "450000")),
    "NORTH": ("华北大区", ("110000", "120000", "130000", "370000")),
    "SOUTHWEST": ("西南大区", ("500000", "510000", "530000")),
}
PROVINCES = {
    "110000": "北京市",
    "120000": "天津市",
    "130000": "河北省",
    "310000": "上海市",
    "320000": "江苏省",
    "330000": "浙江省",
    "340000": "安徽省",
    "350000": "福建省",
    "370000": "山东省",
    "440000": "广东省",
    "450000": "广西壮族自治区",
    "500000": "重庆市",
    "510000": "四川省",
    "530000": "云南省",
}
CITIES = {
    "110100": "北京市辖区",
    "120100": "天津市辖区",
    "130100": "石家庄市",
    "310100": "上海市辖区",
    "320100": "南京市",
    "320200": "无锡市",
    "320400": "常州市",
    "320500": "苏州市",
    "330100": "杭州市",
    "330200": "宁波市",
    "330300": "温州市",
    "330600": "绍兴市",
    "330700": "金华市",
    "340100": "合肥市",
    "340200": "芜湖市",
    "350100": "福州市",
    "350200": "厦门市",
    "370100": "济南市",
    "370200": "青岛市",
    "440100": "广州市",
    "440300": "深圳市",
    "440600": "佛山市",
    "441900": "东莞市",
    "450100": "南宁市",
    "500100": "重庆市辖区",
    "510100": "成都市",
    "530100": "昆明市",
}
DISTRICTS = {
    "110105": "朝阳区",
    "110106": "丰台区",
    "110108": "海淀区",
    "120103": "河西区",
    "130102": "长安区",
    "310104": "徐汇区",
    "310112": "闵行区",
    "310115": "浦东新区",
    "320102": "玄武区",
    "320105": "建邺区",
    "320106": "鼓楼区",
    "320115": "江宁区",
    "320205": "锡山区",
    "320211": "滨湖区",
    "320411": "新北区",
    "320505": "虎丘区",
    "320506": "吴中区",
    "320583": "昆山市",
    "330102": "上城区",
    "330105": "拱墅区",
    "330106": "西湖区",
    "330108": "滨江区",
    "330109": "萧山区",
    "330110": "余杭区",
    "330203": "海曙区",
    "330212": "鄞州区",
    "330282": "慈溪市",
    "330302": "鹿城区",
    "330303": "龙湾区",
    "330602": "越城区",
    "330702": "婺城区",
    "340102": "瑶海区",
    "340104": "蜀山区",
    "340202": "镜湖区",
    "350102": "鼓楼区",
    "350203": "思明区",
    "370102": "历下区",
    "370202": "市南区",
    "440106": "天河区",
    "440111": "白云区",
    "440113": "番禺区",
    "440304": "福田区",
    "440305": "南山区",
    "440306": "宝安区",
    "440604": "禅城区",
    "440606": "顺德区",
    "450103": "青秀区",
    "500112": "渝北区",
    "510107": "武侯区",
    "530102": "五华区",
}


def parent_of(code: str) -> str:
    """Return the code of the territory above, empty for the nation."""
    if code == "CN":
        return ""
    if code in REGIONS:
        return "CN"
    if code in PROVINCES:
        return next(name for name, (_, below) in REGIONS.items() if code in below)
    return code[:2] + "0000" if code in CITIES else code[:4] + "00"


def lineage(code: str) -> tuple[str, ...]:
    """Return the territory and everything above it."""
    found = []
    while code:
        found.append(code)
        code = parent_of(code)
    return tuple(found)


def districts_of(code: str) -> tuple[str, ...]:
    """Return where a company of this territory can have an address."""
    below = tuple(one for one in DISTRICTS if one.startswith(code[:4])) if code in CITIES else ()
    return below or (code,)


def name_of(code: str) -> str:
    """Return the name of a territory."""
    if code in REGIONS:
        return REGIONS[code][0]
    return {"CN": "全国", **PROVINCES, **CITIES, **DISTRICTS}[code]


def territories() -> Table:
    """Return all territories, each after the one above it."""
    levels = (
        ("nation", ("CN",)),
        ("region", tuple(REGIONS)),
        ("province", tuple(PROVINCES)),
        ("city", tuple(CITIES)),
        ("county", tuple(DISTRICTS)),
    )
    rows: list[Row] = [
        {
            "code": code,
            "name": name_of(code),
            "level": level,
            "parent_territory": parent_of(code),
            "active": "true",
        }
        for level, codes in levels
        for code in codes
    ]
    return Table("foundation/records/reference/territory.csv", rows)
