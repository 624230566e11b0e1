"""Names of goods, people, towns and streets, and what is written to sellers and about them."""

from __future__ import annotations

_NOUNS = (
    "winter coat|jeans|summer dress|wool jumper|sneakers|rain jacket|blouse|boots",
    "snowsuit|toy kitchen|wooden train|school bag|high chair|baby carrier|scooter|puzzle",
    "crime novels|cookbook|atlas|comic volumes|poetry|textbook|travel guide|picture book",
    "board game|console game|card deck|chess set|controller|strategy game|jigsaw|dice set",
    "smartphone|phone 64 GB|tablet|smart watch|headphones|power bank|e-reader|phone 128 GB",
    "laptop|monitor|graphics card|keyboard|printer|router|ssd|docking station",
    "oak table|sofa|bookcase|desk|wardrobe|kitchen chairs|bed frame|lamp",
    "lawn mower|tomato seedlings|seeds|watering cans|fruit press|hedge trimmer|compost bin|dahlia bulbs",
    "cordless drill|tool box|circular saw|sander|socket set|ladder|soldering iron|clamps",
    "city bike|child seat|bike lights|racing bike|trailer|saddle|wheel set|kids bike",
    "guitar|records|flute|amplifier|sheet music|keyboard stand|violin|cds",
    "trading cards|stamps|coins|model cars|figures|postcards|enamel signs|holo card",
    "coffee machine|pans|preserving jars|mixer|plates|knives|waffle iron|thermos",
    "football boots|skis|tent|dumbbells|tennis racket|sleeping bag|ice skates|shirt",
)
NOUNS = tuple(tuple(nouns.split("|")) for nouns in _NOUNS)
"""By category, what things are called; eight names each."""
ADJECTIVES = (
    "", "", "old ", "nearly new ", "used ", "good ", "vintage ", "small ", "big ", "red ", "blue ", "black ",
    "green ", "well kept ", "defective ",
)  # fmt: skip
ADDITIONS = (
    "", "", "", ", pick up", ", as new", ", with box", ", non smoking home", ", to be collected", ", cheap",
    ", size M", ", size L", ", 2nd hand", ", lot",
)  # fmt: skip
FIRST_NAMES = (
    "anna", "ben", "clara", "david", "emil", "frida", "gus", "hanna", "ivan", "jana", "karl", "lena", "mia", "noah",
    "olga", "paul", "rosa", "sami", "tina", "umut", "vera", "willy", "yara", "zeno", "marek", "ines", "hugo",
    "nadia", "luca", "amira", "peter", "ruth", "omar", "sofia", "ida", "leon", "malik", "greta", "tom", "eva",
)  # fmt: skip
SURNAMES = (
    "adler", "brook", "crane", "dorn", "eller", "field", "gray", "holm", "irwin", "janda", "kovac", "lang", "mohr",
    "novak", "oster", "pavel", "quist", "reed", "stone", "thorn", "unger", "varga", "weiss", "young", "zeman",
    "hassan", "ortiz", "silva", "okoye", "petrov", "larsen", "meyer", "rossi", "dubois", "nagy", "ilic", "demir",
    "haddad", "costa", "bauer",
)  # fmt: skip
MAIL_HOSTS = (
    "mailbox.example", "post.example", "inbox.example", "freemail.example", "webmail.example", "netz.example",
)  # fmt: skip
STREET_NAMES = (
    "Mill", "Chapel", "Station", "Orchard", "River", "Church", "School", "Market", "Linden", "Meadow", "Castle",
    "Baker", "Bridge", "Weaver", "Poplar", "Forest", "Quarry", "Abbey", "Tanner", "Garden", "King", "Queen", "Hill",
    "Vine", "Spring", "Elm", "Birch", "Canal", "Sawmill", "Depot",
)  # fmt: skip
STREET_TYPES = (("Street", "St"), ("Road", "Rd"), ("Lane", "Ln"), ("Avenue", "Ave"))
"""Long and short."""
TOWN_STARTS = (
    "Ash", "Bel", "Cor", "Dun", "Ever", "Fal", "Gren", "Hart", "Ingle", "Kel", "Lang", "Mor", "Nor", "Oak", "Pel",
    "Rud", "Stan", "Thorn", "Upper", "Wel",
)  # fmt: skip
TOWN_ENDS = (
    "wick", "ford", "ham", "stead", "bury", "ley", "mouth", "field", "burn", "ton",
)  # fmt: skip

PRAISE_OPENINGS = (
    "Great seller", "Very friendly contact", "Fast shipping", "Everything as described", "Super nice",
    "Gladly again", "Top", "Really happy", "Lovely parcel", "Nice chat at the door", "Quick reply", "No complaints",
)  # fmt: skip
PRAISES = (
    "the {n} is just what we needed", "arrived after two days", "well packed", "my daughter loves it",
    "even cheaper than agreed", "item looks better than in the photo", "pick up was easy",
    "works without any trouble", "the {n} fits", "honest about the small scratch", "would buy the {n} again",
    "smells of nothing, clean", "price is fair", "and a handwritten note inside",
)  # fmt: skip
PRAISE_ENDINGS = (
    "thank you!", "thanks", "recommended.", "all the best", "5 stars", ":)", "many thanks and see you on Sunday", "",
    "", "greetings", "A+", "until next time",
)  # fmt: skip
SHRUG_OPENINGS = (
    "It is okay", "So so", "Took a while", "Medium", "Could be better", "Fine in the end",
)  # fmt: skip
SHRUGS = (
    "the {n} has more wear than shown", "shipping took nine days", "had to ask twice", "smaller than I thought",
    "box was damaged", "colour differs", "one part was missing but money back",
)  # fmt: skip
SHRUG_ENDINGS = (
    "", "well.", "still thanks", "ok for the price", "hm",
)  # fmt: skip
BLAME_OPENINGS = (
    "Not good", "Disappointed", "Never again", "Careful", "Bad experience", "Unfortunately", "Money gone",
)  # fmt: skip
BLAMES = (
    "the {n} was broken", "nothing arrived", "no answer for weeks", "looks nothing like the picture",
    "seller got rude", "still waiting for the refund", "fake goods", "the {n} stopped after one day",
    "parcel was empty",
)  # fmt: skip
BLAME_ENDINGS = (
    "", "hands off", "avoid", "one star is too many", "reported", "sad",
)  # fmt: skip
SHORT_PRAISES = (
    "ok", "top", "thanks", "all good", "super", "great", "perfect", "thank you", "A+++", "good", "fine",
    "everything great",
)  # fmt: skip
QUESTIONS = (
    "Is it still available?", "Hello, is this still there?", "Would you take a bit less?",
    "Can I pick it up tomorrow?", "What is the last price?", "Do you ship?", "Still available?",
    "hi, is the {n} still available", "Could you send more photos?", "Does it come with the box?",
    "I could come on Saturday", "Are you at the flea market on Sunday?", "Payment sent, thanks",
    "parcel is on its way", "Which size is it?", "Can you hold it until Friday?", "ok, see you at five",
    "where do you live roughly?", "Would you swap for a {n}?", "It has a small scratch at the back",
    "reserved for you", "sorry, sold already", "Good evening, I am interested in the {n}", "how old is the {n}?",
)  # fmt: skip
"""What buyers and sellers write to one another."""
CLAIMS = (
    "box was empty, see photo, please refund", "parcel arrived open and nothing in it",
    "tracking says delivered but I have nothing", "where is my parcel?", "it does not work, I want to send it back",
    "wrong size, can I return it?", "please cancel my order", "still nothing arrived after two weeks",
    "this is not what was in the picture", "it is broken", "I opened a case, sorry", "refund please",
    "Hello? please answer", "the box was wet and the {n} is damaged", "you sent me another {n}",
)  # fmt: skip
"""What buyers write who want their money back; the first two are of empty boxes."""
LURES = (
    "please write me outside of the app, number in the second photo",
    "I am abroad, my cousin sends it, pay first by transfer", "many are interested, deposit holds it for you",
    "app payment does not work for me, use the link", "courier will collect the money, I send you his form",
    "price is low because I move on Friday, transfer today", "send me your e-mail and I make you an offer there",
    "my husband is at sea so only shipping, payment before",
)  # fmt: skip
"""What sellers write who want to be paid elsewhere."""
