"""Places and manners of writing, country by country: what the labelled address pairs are made of.

Written from how people in these countries write addresses, not from what the matcher knows.  A template's optional
parts are ``(u:...)`` the unit, ``(z:...)`` the postcode, ``(c:...)`` the city and ``(r:...)`` the region.  Fields: n
house number, s and sa the street in full and abbreviated, u and ua the unit likewise, c city, r region, z postcode.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Country:
    """How one country names places and writes them down.

    ``cities`` are (city, region, first postcode); ``streets`` (in full, abbreviated); ``units`` (in full, abbreviated)
    with ``{}`` for the number; ``near_streets`` pairs of streets that differ and look alike.  ``templates`` of number
    ``shown_templates`` and above are kept for the held-out half.
    """

    script: str
    cities: tuple[tuple[str, str, str], ...]
    streets: tuple[tuple[str, str], ...]
    units: tuple[tuple[str, str], ...]
    unit_numbers: tuple[str, ...]
    templates: tuple[str, ...]
    shown_templates: int
    near_streets: tuple[tuple[str, str], ...]
    held_out_only: bool = False


_LETTERED = ("14A", "14C", "1", "11", "2", "12", "3B", "3", "21", "4D", "101", "110")
_PLAIN = ("1", "11", "2", "12", "21", "14", "41", "7", "17", "104", "140", "36")

COUNTRIES = {
    "US": Country(
        "Latin",
        (
            ("Springfield", "IL", "62701"), ("Columbus", "OH", "43215"), ("San Antonio", "TX", "78205"),
            ("Salt Lake City", "UT", "84101"), ("St. Louis", "MO", "63101"), ("Fort Worth", "TX", "76102"),
            ("Portland", "OR", "97204"), ("Portland", "ME", "04101"), ("Boise", "ID", "83702"),
            ("Kansas City", "MO", "64106"), ("Des Moines", "IA", "50309"), ("Tacoma", "WA", "98402"),
        ),
        (
            ("Maple Avenue", "Maple Ave"), ("Washington Street", "Washington St"),
            ("Lincoln Boulevard", "Lincoln Blvd"),
            ("Martin Luther King Drive", "Martin Luther King Dr"), ("Sycamore Lane", "Sycamore Ln"),
            ("North Highland Road", "N Highland Rd"), ("Chestnut Court", "Chestnut Ct"), ("5th Avenue", "5th Ave"),
            ("Saint Charles Place", "St Charles Pl"), ("Old Mill Parkway", "Old Mill Pkwy"), ("Broadway", "Broadway"),
            ("West Jefferson Street", "W Jefferson St"), ("Meadowbrook Circle", "Meadowbrook Cir"),
            ("Cottonwood Trail", "Cottonwood Trl"), ("Riverside Terrace", "Riverside Ter"),
        ),
        (("Apartment {}", "Apt {}"), ("Apartment {}", "Apt. {}"), ("Unit {}", "#{}"), ("Suite {}", "Ste {}")),
        _LETTERED,
        (
            "{n} {s}(u:, {u})(c:, {c})(r:, {r})(z: {z})",
            "{n} {sa}(u: {ua})(c:, {c})(r:, {r})(z: {z})",
            "(u:{ua}, ){n} {sa}.(c:, {c})(r: {r})(z: {z})",
            "{n} {s}\n(u:{u}\n)(c:{c})(r:, {r})(z: {z})",
            "{n} {sa}., (u:{ua}, )(c:{c}, )(r:{r}, )(z:{z})",
            "{n} {sa}(u: {ua})(c: {c})(r: {r})(z: {z})",
            "(c:{c}, )(r:{r} )(z:{z}, ){n} {s}(u:, {ua})",
            "(u:{u}; ){n} {s}; (c:{c}; )(r:{r})(z:-{z})",
        ),
        5,
        (
            ("Maple Avenue", "Maple Street"), ("North Main Street", "South Main Street"), ("5th Avenue", "6th Avenue"),
            ("Highland Road", "Highland Court"), ("Saint James Street", "James Street"),
            ("Oakland Avenue", "Oakdale Avenue"), ("East 12th Street", "West 12th Street"),
            ("Lakeview Drive", "Lakewood Drive"), ("Park Avenue", "Park Hill Avenue"),
        ),
    ),
    "GB": Country(
        "Latin",
        (
            ("London", "Greater London", "SW1A 1AA"), ("Leeds", "West Yorkshire", "LS1 4DY"),
            ("Bristol", "Avon", "BS1 5TR"), ("Stratford-upon-Avon", "Warwickshire", "CV37 6QW"),
            ("King's Lynn", "Norfolk", "PE30 1ES"), ("St Albans", "Hertfordshire", "AL3 4DH"),
            ("Newcastle upon Tyne", "Tyne and Wear", "NE1 4ST"), ("Edinburgh", "Midlothian", "EH1 1RE"),
            ("Cardiff", "South Glamorgan", "CF10 1EP"), ("Bury St Edmunds", "Suffolk", "IP33 1RT"),
        ),
        (
            ("High Street", "High St"), ("Station Road", "Station Rd"), ("Queen's Gardens", "Queens Gdns"),
            ("St John's Crescent", "St Johns Cres"), ("Victoria Terrace", "Victoria Ter"), ("The Close", "The Cl"),
            ("Church Lane", "Church Ln"), ("King Edward Avenue", "King Edward Ave"), ("Belgrave Square", "Belgrave Sq"),
            ("Lower Grosvenor Place", "Lower Grosvenor Pl"), ("Elmhurst Drive", "Elmhurst Dr"),
            ("Upper Park Grove", "Upper Park Gr"), ("Mount Pleasant", "Mt Pleasant"),
            ("Abbotsford Court", "Abbotsford Ct"),
        ),
        (("Flat {}", "Flat {}"), ("Apartment {}", "Apt {}"), ("Unit {}", "Unit {}"), ("Flat No. {}", "Flat no {}")),
        _LETTERED,
        (
            "(u:{u}, ){n} {s}(c:, {c})(z:, {z})",
            "(u:{ua} ){n} {sa}(c:, {c})(z: {z})",
            "{n} {s}, (u:{ua}, )(c:{c}, )(z:{z})",
            "(u:{u}, ){n} {s}(c:, {c})(r:, {r})(z:, {z})",
            "(u:{ua}, ){n}, {s}(c:, {c})(z:. {z})",
            "(u:{ua} ){n} {sa}(c: {c})(z: {z})",
            "{n} {sa}.(u: {ua}), (c:{c} )(z:{z}), UK",
            "(z:{z}, )(c:{c}, ){n} {s}(u:, {u})",
        ),
        5,
        (
            ("High Street", "High Road"), ("St John's Road", "John's Road"), ("Church Street", "Church Lane"),
            ("Upper Mill Lane", "Mill Lane"), ("Oakfield Road", "Oakland Road"), ("Queen's Road", "Queensway"),
            ("King Street", "King Square"), ("Park Road North", "Park Road South"), ("Ashfield Close", "Ashford Close"),
        ),
    ),
    "DE": Country(
        "Latin",
        (
            ("Köln", "NRW", "50667"), ("München", "Bayern", "80331"), ("Frankfurt am Main", "Hessen", "60311"),
            ("Düsseldorf", "NRW", "40213"), ("Nürnberg", "Bayern", "90402"), ("Leipzig", "Sachsen", "04109"),
            ("Freiburg im Breisgau", "BW", "79098"), ("Lübeck", "SH", "23552"),
        ),
        (
            ("Hauptstraße", "Hauptstr."), ("Goethestraße", "Goethestr."), ("Lange Straße", "Lange Str."),
            ("Bahnhofplatz", "Bahnhofpl."), ("Birkenweg", "Birkenweg"), ("Königsallee", "Königsallee"),
            ("Am Mühlbach", "Am Mühlbach"), ("Schillerstraße", "Schillerstr."), ("Große Bleiche", "Große Bleiche"),
            ("Friedrich-Ebert-Straße", "Friedrich-Ebert-Str."), ("Rosengasse", "Rosengasse"),
        ),
        (("Wohnung {}", "Whg. {}"), ("Wohnung {}", "Wohnung {}"), ("Wohnung {}", "Whg {}")),
        _PLAIN,
        (
            "{s} {n}(u:, {u})(z:, {z})(c: {c})",
            "{sa} {n}(u:, {ua})(z:, {z})(c: {c})",
            "{s} {n}(u: {u})\n(z:{z} )(c:{c})",
            "(z:{z} )(c:{c}, ){s} {n}(u:, {ua})",
            "{sa} {n}(u: {ua})(z: {z})(c: {c})",
            "(c:{c}, ){sa} {n}(u:, {ua})(z:, {z})",
            "{s} {n}(u: // {u})(z:, D-{z})(c: {c})",
        ),
        4,
        (
            ("Lindenstraße", "Lindenweg"), ("Gartenstraße", "Gartenplatz"), ("Alte Poststraße", "Neue Poststraße"),
            ("Steinweg", "Steingasse"), ("Marienstraße", "Martinstraße"), ("Bergstraße", "Burgstraße"),
        ),
    ),
    "FR": Country(
        "Latin",
        (
            ("Paris", "Île-de-France", "75002"), ("Lyon", "Rhône", "69003"), ("Saint-Étienne", "Loire", "42000"),
            ("Aix-en-Provence", "PACA", "13100"), ("Nîmes", "Gard", "30000"), ("Besançon", "Doubs", "25000"),
            ("Bordeaux", "Gironde", "33000"),
        ),
        (
            ("rue de la République", "r. de la République"), ("avenue Victor Hugo", "av. Victor Hugo"),
            ("boulevard Saint-Michel", "bd St-Michel"), ("place de l'Église", "pl. de l'Église"),
            ("rue du Général Leclerc", "rue du Gal Leclerc"), ("impasse des Lilas", "imp. des Lilas"),
            ("chemin des Vignes", "ch. des Vignes"), ("allée des Tilleuls", "all. des Tilleuls"),
            ("rue Molière", "rue Molière"), ("quai Voltaire", "quai Voltaire"),
        ),
        (("appartement {}", "appt {}"), ("Appartement {}", "Apt. {}"), ("appartement {}", "app. {}")),
        _PLAIN,
        (
            "{n} {s}(u:, {u})(z:, {z})(c: {c})",
            "{n}, {s}(u:, {ua})(z:, {z})(c: {c})",
            "(u:{u}, ){n} {sa}(z:, {z})(c: {c})",
            "{n} {sa}(u: {ua})\n(z:{z} )(c:{c})",
            "{n} {s}(u: {ua})(z: {z})(c: {c})",
            "(z:{z} )(c:{c}, ){n} {s}(u:, {ua})",
            "(u:{ua} - ){n} {s} - (z:{z} )(c:{c}), France",
        ),
        4,
        (
            ("rue de Lille", "rue de Lyon"), ("rue Pasteur", "place Pasteur"), ("rue Jean Moulin", "rue Jean Jaurès"),
            ("avenue du Parc", "rue du Parc"), ("rue Saint-Denis", "rue Denis"), ("rue Neuve", "rue Vieille"),
        ),
    ),
    "ES": Country(
        "Latin",
        (
            ("Madrid", "Madrid", "28013"), ("Málaga", "Andalucía", "29001"), ("A Coruña", "Galicia", "15001"),
            ("San Sebastián", "Gipuzkoa", "20003"), ("Las Palmas", "Canarias", "35001"),
            ("Cádiz", "Andalucía", "11001"),
        ),
        (
            ("Calle Mayor", "C/ Mayor"), ("Avenida de la Constitución", "Avda. de la Constitución"),
            ("Plaza de España", "Pza. de España"), ("Paseo de la Castellana", "Pº de la Castellana"),
            ("Calle San Martín", "C. San Martín"), ("Calle de Alcalá", "C/ de Alcalá"),
            ("Camino de los Olivos", "Cno. de los Olivos"), ("Calle Núñez de Balboa", "C/ Núñez de Balboa"),
        ),
        (("piso {}", "{}"), ("piso {}", "piso {}"), ("apartamento {}", "apto. {}")),
        ("3ºB", "3ºA", "1ºC", "2ºD", "4ºB", "5ºA"),
        (
            "{s} {n}(u:, {u})(z:, {z})(c: {c})",
            "{sa}, {n}(u:, {u})(z:, {z})(c: {c})",
            "{s}, n.º {n}(u:, {u})(c:, {c})(z:, {z})",
            "{sa} nº {n}(u: {u})(z:, {z})(c: {c})",
            "(z:{z} )(c:{c}, ){s} {n}(u:, {u})",
            "{sa} {n}(u:, {u})(c: - {c})(z: - {z})",
        ),
        4,
        (
            ("Calle del Sol", "Plaza del Sol"), ("Calle Mayor", "Calle Menor"), ("Calle San Juan", "Calle Juan"),
            ("Calle Colón", "Avenida Colón"), ("Calle Santa Ana", "Calle San Antón"),
        ),
    ),
    "PL": Country(
        "Latin",
        (
            ("Warszawa", "mazowieckie", "00-001"), ("Kraków", "małopolskie", "31-042"), ("Łódź", "łódzkie", "90-001"),
            ("Gdańsk", "pomorskie", "80-831"), ("Wrocław", "dolnośląskie", "50-101"),
            ("Bielsko-Biała", "śląskie", "43-300"),
        ),
        (
            ("ulica Długa", "ul. Długa"), ("ulica Świętokrzyska", "ul. Świętokrzyska"),
            ("aleja Jana Pawła II", "al. Jana Pawła II"),
            ("plac Wolności", "pl. Wolności"), ("ulica Piotrkowska", "ul. Piotrkowska"),
            ("osiedle Słoneczne", "os. Słoneczne"),
            ("ulica Mickiewicza", "ul. Mickiewicza"), ("ulica Żeromskiego", "ul. Żeromskiego"),
        ),
        (("mieszkanie {}", "m. {}"), ("mieszkanie {}", "m {}"), ("mieszkanie {}", "lok. {}")),
        _PLAIN,
        (
            "{s} {n}(u: {u})(z:, {z})(c: {c})",
            "{sa} {n}(u: {ua})(z:, {z})(c: {c})",
            "{sa} {n}(u:, {ua})(c:, {c})(z: {z})",
            "(z:{z} )(c:{c}, ){sa} {n}(u: {ua})",
            "(c:{c}, ){sa} {n}(u: {ua})(z:, {z})",
            "{sa} {n}(u: {ua})\n(z:{z} )(c:{c})\nPolska",
        ),
        4,
        (
            ("ulica Leśna", "ulica Polna"), ("ulica Wolności", "plac Wolności"), ("ulica Krótka", "ulica Kręta"),
            ("ulica Nowa", "ulica Nowy Świat"), ("ulica Sienna", "ulica Sienkiewicza"),
        ),
    ),
    "IT": Country(
        "Latin",
        (
            ("Roma", "RM", "00184"), ("Milano", "MI", "20121"), ("Forlì", "FC", "47121"),
            ("Reggio Emilia", "RE", "42121"),
        ),
        (
            ("Via Giuseppe Garibaldi", "V. Giuseppe Garibaldi"), ("Piazza del Popolo", "P.za del Popolo"),
            ("Corso Vittorio Emanuele", "C.so Vittorio Emanuele"), ("Viale della Libertà", "V.le della Libertà"),
            ("Via San Francesco", "Via S. Francesco"), ("Via Roma", "Via Roma"),
        ),
        (("interno {}", "int. {}"), ("interno {}", "int {}")),
        _PLAIN,
        (
            "{s} {n}(u:, {u})(z:, {z})(c: {c})",
            "{sa} {n}(u: {ua})(z:, {z})(c: {c})(r: ({r}))",
            "{s}, {n}(u:, {ua})(z: - {z})(c: {c})",
            "(c:{c} )(z:{z}, ){s} {n}(u:, {ua})",
        ),
        3,
        (("Via Verdi", "Piazza Verdi"), ("Via San Marco", "Via Marco"), ("Via Milano", "Via Merano")),
    ),
    "NL": Country(
        "Latin",
        (("Amsterdam", "NH", "1012 AB"), ("Utrecht", "UT", "3511 AX"), ("'s-Hertogenbosch", "NB", "5211 AK")),
        (
            ("Keizersgracht", "Keizersgr."), ("Dorpsstraat", "Dorpsstr."), ("Stationsplein", "Stationspl."),
            ("Prins Hendriklaan", "Pr. Hendriklaan"), ("Lange Nieuwstraat", "Lange Nieuwstr."),
            ("Molenweg", "Molenweg"),
        ),
        (("appartement {}", "app. {}"), ("appartement {}", "appt {}")),
        _PLAIN,
        (
            "{s} {n}(u:, {u})(z:, {z})(c: {c})",
            "{sa} {n}(u: {ua})(z:, {z})(c: {c})",
            "(z:{z} )(c:{c}, ){s} {n}(u:, {ua})",
            "{s} {n}(u: {ua})\n(z:{z}  )(c:{c})\nNederland",
        ),
        3,
        (("Kerkstraat", "Kerkweg"), ("Korte Nieuwstraat", "Lange Nieuwstraat"), ("Marktplein", "Marktstraat")),
    ),
    "RU": Country(
        "Cyrillic",
        (
            ("Москва", "", "101000"), ("Санкт-Петербург", "", "190000"),
            ("Нижний Новгород", "Нижегородская обл.", "603000"),
            ("Екатеринбург", "Свердловская обл.", "620014"), ("Казань", "", "420111"),
            ("Королёв", "Московская обл.", "141070"),
            ("Ростов-на-Дону", "", "344002"), ("Тверь", "Тверская обл.", "170100"),
            ("Орёл", "Орловская обл.", "302028"),
        ),
        (
            ("улица Ленина", "ул. Ленина"), ("проспект Мира", "пр-т Мира"),
            ("улица Академика Королёва", "ул. Ак. Королёва"),
            ("Садовая улица", "Садовая ул."), ("переулок Чехова", "пер. Чехова"),
            ("Набережная улица", "Набережная ул."),
            ("площадь Победы", "пл. Победы"), ("Ленинградское шоссе", "Ленинградское ш."),
            ("улица 8 Марта", "ул. 8 Марта"),
            ("улица Строителей", "ул. Строителей"), ("бульвар Гагарина", "б-р Гагарина"),
            ("улица Щербакова", "ул. Щербакова"),
            ("Берёзовая аллея", "Берёзовая ал."), ("улица Пушкина", "ул. Пушкина"),
        ),
        (("квартира {}", "кв. {}"), ("квартира {}", "кв.{}"), ("квартира {}", "кв {}")),
        _PLAIN,
        (
            "(z:{z}, )(c:г. {c}, ){s}, дом {n}(u:, {u})",
            "(c:г. {c}, ){sa}, д. {n}(u:, {ua})(z:, {z})",
            "(z:{z}, )(c:{c}, ){sa}, {n}(u:, {ua})",
            "(c:{c}, ){sa} д.{n}(u: {ua})(z:, {z})",
            "(z:{z}, )(r:{r}, )(c:г. {c}, ){sa}, д. {n}(u:, {ua})",
            "{sa}, д. {n}(u:, {ua})(c:, {c})(z:, {z})",
            "(c:{c} ){sa} {n}(u: {ua})(z: {z})",
            "Россия, (z:{z}, )(c:город {c}, ){s}, д {n}(u:, {ua})",
            "(c:г.{c},){sa},д.{n}(u:,{ua})(z:,{z})",
        ),
        6,
        (
            ("улица Ленина", "проспект Ленина"), ("улица Ленина", "Ленинская улица"),
            ("1-я Садовая улица", "2-я Садовая улица"),
            ("улица Мира", "площадь Мира"), ("Лесная улица", "Луговая улица"),
            ("Большая Полевая улица", "Малая Полевая улица"),
            ("улица Кирова", "улица Кировская"), ("улица Марата", "улица 8 Марта"),
        ),
    ),
    "UA": Country(
        "Cyrillic",
        (
            ("Київ", "", "01001"), ("Львів", "Львівська обл.", "79000"), ("Харків", "Харківська обл.", "61000"),
            ("Чернівці", "", "58000"),
        ),
        (
            ("вулиця Шевченка", "вул. Шевченка"), ("проспект Свободи", "просп. Свободи"),
            ("вулиця Лесі Українки", "вул. Лесі Українки"),
            ("провулок Садовий", "пров. Садовий"), ("площа Ринок", "пл. Ринок"),
            ("вулиця Грушевського", "вул. Грушевського"),
        ),
        (("квартира {}", "кв. {}"), ("квартира {}", "кв {}")),
        _PLAIN,
        (
            "{s}, будинок {n}(u:, {u})(c:, м. {c})(z:, {z})",
            "{sa}, {n}(u:, {ua})(c:, {c})(z:, {z})",
            "(z:{z}, )(c:м. {c}, ){sa}, буд. {n}(u:, {ua})",
            "(c:{c}, ){sa} {n}(u: {ua})(z:, {z})",
            "{sa} {n}(u: {ua})(c:, місто {c})(z: {z})",
        ),
        3,
        (("вулиця Франка", "площа Франка"), ("вулиця Зелена", "вулиця Залізна"), ("вулиця Садова", "провулок Садовий")),
    ),
    "BG": Country(
        "Cyrillic",
        (("София", "", "1000"), ("Пловдив", "", "4000"), ("Велико Търново", "", "5000")),
        (
            ("ул. Васил Левски", "ул. В. Левски"), ("бул. Витоша", "бул. Витоша"),
            ("площад Свобода", "пл. Свобода"), ("улица Шипка", "ул. Шипка"),
        ),
        (("апартамент {}", "ап. {}"), ("апартамент {}", "ап.{}")),
        _PLAIN,
        (
            "(c:{c} )(z:{z}, ){s} {n}(u:, {u})",
            "(c:гр. {c}, ){sa} {n}(u:, {ua})(z:, {z})",
            "{sa} № {n}(u:, {ua})(c:, {c})(z: {z})",
        ),
        2,
        (("ул. Искър", "бул. Искър"), ("ул. Дунав", "ул. Драва")),
    ),
    "CN": Country(
        "Chinese",
        (
            ("北京市", "朝阳区", "100020"), ("上海市", "浦东新区", "200120"), ("广东省广州市", "天河区", "510620"),
            ("浙江省杭州市", "西湖区", "310013"), ("江苏省南京市", "鼓楼区", "210009"),
            ("四川省成都市", "武侯区", "610041"),
            ("陕西省西安市", "雁塔区", "710061"), ("湖北省武汉市", "江汉区", "430022"),
            ("辽宁省沈阳市", "和平区", "110001"),
        ),
        (
            ("建国路", "建国路"), ("人民路", "人民路"), ("解放大道", "解放大道"), ("中山东路", "中山东路"),
            ("文化街", "文化街"),
            ("南京西路", "南京西路"), ("学院路", "学院路"), ("长江路", "长江路"), ("延安中路", "延安中路"),
            ("新华大街", "新华大街"),
            ("和平里胡同", "和平里胡同"), ("光华路", "光华路"), ("体育东路", "体育东路"), ("文三路", "文三路"),
        ),
        (("{}室", "{}室"), ("{}室", "{}"), ("{}号房", "{}房")),
        ("1501", "1510", "302", "203", "1201", "1102", "801", "108"),
        (
            "(c:{c})(r:{r}){s}{n}号(u:{u})",
            "(c:{c} )(r:{r} ){s}{n}号(u: {u})(z: {z})",
            "(z:{z} )(c:{c})(r:{r}){s}{n}号(u:{u})",
            "(c:{c},)(r:{r},){s}{n}号(u:,{ua})",
            "{s}{n}号(u:{u}),(r:{r},)(c:{c})",
            "中国(c:{c})(r:{r}){s}{n}號(u:{u})",
            "(c:{c})(r:{r}){s} {n} 号 (u:{u})(z:(邮编{z}))",
            "{s}{n}号(u:{ua}), (c:{c})(r:{r})(z: {z})",
        ),
        5,
        (
            ("中山东路", "中山西路"), ("中山路", "中山一路"), ("建设一路", "建设二路"), ("人民路", "人民街"),
            ("解放路", "解放大道"),
            ("东长安街", "西长安街"), ("光明路", "光华路"), ("新华路", "新民路"), ("长江路", "松江路"),
        ),
    ),
    "TW": Country(
        "Chinese",
        (("台北市", "大安區", "106"), ("高雄市", "鼓山區", "804"), ("臺中市", "西屯區", "407")),
        (
            ("忠孝東路", "忠孝東路"), ("和平路", "和平路"), ("復興路", "復興路"), ("羅斯福路", "羅斯福路"),
            ("學府路", "學府路"),
        ),
        (("{}樓", "{}F"), ("{}樓", "{}楼")),
        ("3", "13", "5", "15", "8"),
        (
            "(c:{c})(r:{r}){s}{n}號(u:{u})",
            "(z:{z})(c:{c})(r:{r}){s}{n}號(u:{u})",
            "(c:{c} )(r:{r} ){s} {n}號 (u:{u})",
        ),
        2,
        (("忠孝東路", "忠孝西路"), ("民權路", "民生路")),
    ),
    "PT": Country(
        "Latin",
        (
            ("Lisboa", "Lisboa", "1100-148"), ("Porto", "Porto", "4000-322"), ("Évora", "Alentejo", "7000-650"),
            ("Guimarães", "Braga", "4800-421"),
        ),
        (
            ("Rua Augusta", "R. Augusta"), ("Avenida da Liberdade", "Av. da Liberdade"),
            ("Praça do Comércio", "Pç. do Comércio"),
            ("Rua de Santa Catarina", "R. de Sta. Catarina"), ("Travessa das Mercês", "Tv. das Mercês"),
        ),
        (("andar {}", "{}"), ("apartamento {}", "apto. {}")),
        ("3º", "2º", "1º", "5º"),
        (
            "{s} {n}(u:, {u})(z:, {z})(c: {c})", "{sa}, {n}(u:, {u})(z:, {z})(c: {c})",
            "{sa} nº {n}(u: {u})(c:, {c})(z: {z})",
        ),
        0,
        (("Rua do Sol", "Travessa do Sol"), ("Rua Nova", "Rua Velha"), ("Rua de São João", "Rua João")),
        held_out_only=True,
    ),
    "SE": Country(
        "Latin",
        (("Stockholm", "", "111 22"), ("Göteborg", "", "411 03"), ("Malmö", "", "211 20"), ("Örebro", "", "702 10")),
        (
            ("Storgatan", "Storg."), ("Drottninggatan", "Drottningg."), ("Kungsvägen", "Kungsv."),
            ("Södra Allégatan", "S. Allég."),
            ("Järntorget", "Järntorget"), ("Björkgränd", "Björkgr."),
        ),
        (("lägenhet {}", "lgh {}"), ("lägenhet {}", "lgh. {}")),
        ("1101", "1102", "1201", "1301"),
        (
            "{s} {n}(u:, {u})(z:, {z})(c: {c})", "{sa} {n}(u: {ua})(z:, {z})(c: {c})",
            "(z:{z} )(c:{c}, ){s} {n}(u:, {ua})",
        ),
        0,
        (("Kyrkogatan", "Kyrkvägen"), ("Norra Vallgatan", "Södra Vallgatan"), ("Lindgatan", "Lundgatan")),
        held_out_only=True,
    ),
    "RS": Country(
        "Cyrillic",
        (("Београд", "", "11000"), ("Нови Сад", "", "21000"), ("Ниш", "", "18000"), ("Крагујевац", "", "34000")),
        (
            ("Кнеза Милоша", "Кн. Милоша"), ("Улица Краља Петра", "Ул. Краља Петра"),
            ("Булевар Михајла Пупина", "Бул. Михајла Пупина"),
            ("Трг Републике", "Трг Републике"), ("Цара Душана", "Цара Душана"),
        ),
        (("стан {}", "стан {}"), ("стан {}", "ст. {}")),
        _PLAIN,
        (
            "{s} {n}(u:, {u})(z:, {z})(c: {c})", "{sa} бр. {n}(u:, {ua})(z:, {z})(c: {c})",
            "(z:{z} )(c:{c}, ){s} {n}(u:, {ua})",
        ),
        0,
        (("Краља Милана", "Краља Милутина"), ("Трг слободе", "Улица слободе"), ("Змај Јовина", "Јованова")),
        held_out_only=True,
    ),
    "HK": Country(
        "Chinese",
        (("香港", "灣仔區", ""), ("九龍", "油尖旺區", ""), ("新界", "沙田區", "")),
        (
            ("軒尼詩道", "軒尼詩道"), ("彌敦道", "彌敦道"), ("皇后大道東", "皇后大道東"), ("大埔道", "大埔道"),
            ("英皇道", "英皇道"),
        ),
        (("{}室", "{}室"), ("{}室", "{}号室")),
        ("1203", "1302", "501", "807"),
        ("(c:{c})(r:{r}){s}{n}號(u:{u})", "{s}{n}號(u:{u}),(r:{r},)(c:{c})", "(c:{c} )(r:{r} ){s} {n}號 (u:{u})"),
        0,
        (("皇后大道東", "皇后大道西"), ("太子道東", "太子道西"), ("廣東道", "廣播道")),
        held_out_only=True,
    ),
}  # fmt: skip
