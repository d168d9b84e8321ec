"""Regions: which province, part of the country and tier a Chinese city belongs to."""

import re
from collections.abc import Iterable
from functools import cache
from typing import Final

#: Part of the country -> (Chinese, English, its provinces), as the statistics of the country are told.
REGIONS: Final[dict[str, tuple[str, str, str]]] = {
    "north": ("华北", "North", "北京 天津 河北 山西 内蒙古"),
    "northeast": ("东北", "Northeast", "辽宁 吉林 黑龙江"),
    "east": ("华东", "East", "上海 江苏 浙江 安徽 福建 江西 山东"),
    "centre": ("华中", "Centre", "河南 湖北 湖南"),
    "south": ("华南", "South", "广东 广西 海南"),
    "southwest": ("西南", "Southwest", "重庆 四川 贵州 云南 西藏"),
    "northwest": ("西北", "Northwest", "陕西 甘肃 青海 宁夏 新疆"),
    "abroad": ("港澳台", "Hong Kong, Macau, Taiwan", "香港 澳门 台湾"),
}

#: Tier -> (Chinese, English, its cities): 第一财经·新一线城市研究所, 2023; a city not named is of tier 3 or below.
TIERS: Final[dict[str, tuple[str, str, str]]] = {
    "1": ("一线", "Tier 1", "北京 上海 广州 深圳"),
    "new1": ("新一线", "New tier 1", "成都 重庆 杭州 武汉 苏州 西安 南京 长沙 天津 郑州 东莞 青岛 昆明 宁波 合肥"),
    "2": ("二线", "Tier 2", "佛山 沈阳 无锡 济南 厦门 福州 温州 哈尔滨 石家庄 大连 南宁 泉州 金华 贵阳 常州"
          " 长春 南昌 南通 嘉兴 徐州 惠州 太原 台州 绍兴 保定 中山 潍坊 临沂 珠海 烟台"),
    "3": ("三线及以下", "Tier 3 and below", ""),
}  # fmt: skip

#: Province -> its cities of prefecture rank, and counties that stand directly below it where parcels name them often.
CITIES: Final[dict[str, str]] = {
    "北京": "北京", "上海": "上海", "天津": "天津", "重庆": "重庆", "香港": "香港", "澳门": "澳门",
    "河北": "石家庄 唐山 秦皇岛 邯郸 邢台 保定 张家口 承德 沧州 廊坊 衡水 雄安",
    "山西": "太原 大同 阳泉 长治 晋城 朔州 晋中 运城 忻州 临汾 吕梁",
    "内蒙古": "呼和浩特 包头 乌海 赤峰 通辽 鄂尔多斯 呼伦贝尔 巴彦淖尔 乌兰察布 兴安 锡林郭勒 阿拉善",
    "辽宁": "沈阳 大连 鞍山 抚顺 本溪 丹东 锦州 营口 阜新 辽阳 盘锦 铁岭 朝阳 葫芦岛",
    "吉林": "长春 吉林 四平 辽源 通化 白山 松原 白城 延边",
    "黑龙江": "哈尔滨 齐齐哈尔 鸡西 鹤岗 双鸭山 大庆 伊春 佳木斯 七台河 牡丹江 黑河 绥化 大兴安岭",
    "江苏": "南京 无锡 徐州 常州 苏州 南通 连云港 淮安 盐城 扬州 镇江 泰州 宿迁",
    "浙江": "杭州 宁波 温州 嘉兴 湖州 绍兴 金华 衢州 舟山 台州 丽水",
    "安徽": "合肥 芜湖 蚌埠 淮南 马鞍山 淮北 铜陵 安庆 黄山 滁州 阜阳 宿州 六安 亳州 池州 宣城",
    "福建": "福州 厦门 莆田 三明 泉州 漳州 南平 龙岩 宁德",
    "江西": "南昌 景德镇 萍乡 九江 新余 鹰潭 赣州 吉安 宜春 抚州 上饶",
    "山东": "济南 青岛 淄博 枣庄 东营 烟台 潍坊 济宁 泰安 威海 日照 临沂 德州 聊城 滨州 菏泽",
    "河南": "郑州 开封 洛阳 平顶山 安阳 鹤壁 新乡 焦作 濮阳 许昌 漯河 三门峡 南阳 商丘 信阳 周口 驻马店 济源",
    "湖北": "武汉 黄石 十堰 宜昌 襄阳 鄂州 荆门 孝感 荆州 黄冈 咸宁 随州 恩施 仙桃 潜江 天门 神农架",
    "湖南": "长沙 株洲 湘潭 衡阳 邵阳 岳阳 常德 张家界 益阳 郴州 永州 怀化 娄底 湘西",
    "广东": "广州 韶关 深圳 珠海 汕头 佛山 江门 湛江 茂名 肇庆 惠州 梅州 汕尾 河源 阳江 清远 东莞 中山 潮州 揭阳 云浮",
    "广西": "南宁 柳州 桂林 梧州 北海 防城港 钦州 贵港 玉林 百色 贺州 河池 来宾 崇左",
    "海南": "海口 三亚 三沙 儋州 琼海 文昌 万宁 东方",
    "四川": "成都 自贡 攀枝花 泸州 德阳 绵阳 广元 遂宁 内江 乐山 南充 眉山 宜宾 广安 达州 雅安 巴中 资阳"
            " 阿坝 甘孜 凉山",
    "贵州": "贵阳 六盘水 遵义 安顺 毕节 铜仁 黔西南 黔东南 黔南",
    "云南": "昆明 曲靖 玉溪 保山 昭通 丽江 普洱 临沧 楚雄 红河 文山 西双版纳 大理 德宏 怒江 迪庆",
    "西藏": "拉萨 日喀则 昌都 林芝 山南 那曲 阿里",
    "陕西": "西安 铜川 宝鸡 咸阳 渭南 延安 汉中 榆林 安康 商洛",
    "甘肃": "兰州 嘉峪关 金昌 白银 天水 武威 张掖 平凉 酒泉 庆阳 定西 陇南 临夏 甘南",
    "青海": "西宁 海东 海北 黄南 海南州 果洛 玉树 海西",
    "宁夏": "银川 石嘴山 吴忠 固原 中卫",
    "新疆": "乌鲁木齐 克拉玛依 吐鲁番 哈密 昌吉 博尔塔拉 巴音郭楞 阿克苏 克孜勒苏 喀什 和田 伊犁 塔城 阿勒泰 石河子",
    "台湾": "台北 新北 桃园 台中 台南 高雄 基隆 新竹 嘉义",
}  # fmt: skip
_TEXT: Final = 40  # characters that are looked at


def city_of(text: str) -> str:
    """Return the city that a text names, as `CITIES` writes it; "" when it names none.

    >>> [city_of(text) for text in ("深圳市", "吉林省长春市", "延边朝鲜族自治州", "北京市朝阳区", "三体")]
    ['深圳', '长春', '延边', '北京', '']
    """
    return next((found[1] for found in reversed(list(_city_pattern().finditer(text[:_TEXT].strip())))), "")


def province_of(text: str) -> str:
    """Return the province that a text begins with, as `CITIES` writes it; "" when it names none.

    >>> province_of("广东省"), province_of("新疆维吾尔自治区"), province_of("四川 成都"), province_of("****")
    ('广东', '新疆', '四川', '')
    """
    found = _province_pattern().match(text[:_TEXT].strip())
    return found[1] if found else ""


def region_of(province: str, city: str = "") -> str:
    """Return the part of the country of a province or, without one, of a city; "" when neither is known.

    province, city  as `province_of` and `city_of` give them
    """
    return _regions().get(province or _provinces().get(city, ""), "")


def tier_of(city: str) -> str:
    """Return the tier of a city that `city_of` gave; "" for none."""
    return next((tier for tier, row in TIERS.items() if city in row[2].split()), "3") if city else ""


@cache
def _city_pattern() -> re.Pattern[str]:
    return re.compile(f"({_longest_first(_provinces())})(?:市|地区|盟|特别行政区|[^省市区县]{{0,9}}自治州|\\s|\\Z)")


@cache
def _province_pattern() -> re.Pattern[str]:
    return re.compile(f"({_longest_first(CITIES)})(?:省|市|[^省市]{{0,5}}自治区|特别行政区|\\s|\\Z)")


def _longest_first(names: Iterable[str]) -> str:
    return "|".join(sorted(names, key=len, reverse=True))


@cache
def _provinces() -> dict[str, str]:
    return {city: province for province, cities in CITIES.items() for city in cities.split()}


@cache
def _regions() -> dict[str, str]:
    return {province: region for region, row in REGIONS.items() for province in row[2].split()}
