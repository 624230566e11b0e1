"""Places and manners of writing, country by country; see ``address_writing``."""

from __future__ import annotations

from address_places_east import EAST
from address_writing import LETTERED, PLAIN, Country

WEST = {
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
        LETTERED,
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
        LETTERED,
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
        PLAIN,
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
        PLAIN,
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
        PLAIN,
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
        PLAIN,
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
        PLAIN,
        (
            "{s} {n}(u:, {u})(z:, {z})(c: {c})",
            "{sa} {n}(u: {ua})(z:, {z})(c: {c})",
            "(z:{z} )(c:{c}, ){s} {n}(u:, {ua})",
            "{s} {n}(u: {ua})\n(z:{z}  )(c:{c})\nNederland",
        ),
        3,
        (("Kerkstraat", "Kerkweg"), ("Korte Nieuwstraat", "Lange Nieuwstraat"), ("Marktplein", "Marktstraat")),
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
}  # fmt: skip

ORDER = ("US", "GB", "DE", "FR", "ES", "PL", "IT", "NL", "RU", "UA", "BG", "CN", "TW", "PT", "SE", "RS", "HK")
"""Pairs are drawn in this order: another one would draw others from the same seed."""

COUNTRIES = {code: (WEST | EAST)[code] for code in ORDER}
