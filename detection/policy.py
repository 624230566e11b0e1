"""The rules: every constant that can move a verdict, each with its unit, its meaning, where it comes from, its effect.

Nothing else decides.  Whoever judges a group, a member, an account or a review is handed a :class:`Policy`; a run
records all of it, and is named by it.  ``docs/policy.md`` lists the rules and is checked against what is written here.
How a tier follows is in :mod:`detection.tiers`.  A rule of one channel (what is shared there, how alike people's
tastes are) stands in that channel's record, in :mod:`detection.channels.catalogue`.
"""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from detection.documented import DEFINED, JUDGED, MEASURED, SCORE, SHARE, rule


class Policy(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Every threshold and constant that can move a verdict; ``[detect.policy]`` in ringfence.toml sets each."""

    # fmt: off
    # ---------------------------------------------------------------------------------- from score to tier
    automatic_score: Annotated[float, rule(
        SCORE, "a ring, or a member, from this score on may be flagged before a person has looked", MEASURED,
        "of the automatic rings of ten simulated markets none was honest; on generators it was not tuned on some"
        " were, so set it higher, or look at every one, until your own decisions say how often it is right",
        "fewer rings are flagged unseen", ge=0.0, le=1.0)] = 0.8
    review_score: Annotated[float, rule(
        SCORE, "a ring, a member or a ring's review from this score on is for a person's review", MEASURED,
        "at 0.4 a third more honest groups of the hard village were, and one ring in twenty more",
        "fewer rings are for review, more are only watched", ge=0.0, le=1.0)] = 0.5
    automatic_rate: Annotated[float, rule(
        SHARE, "a ring whose false-discovery rate is greater is never flagged unseen", DEFINED,
        "one in twenty; no automatic ring of five worlds had more", "more are flagged unseen", ge=0.0, le=1.0)] = 0.05
    review_rate: Annotated[float, rule(
        SHARE, "a ring whose false-discovery rate is greater is only watched", DEFINED,
        "one in ten; where goods are sold hardly a ring that scores enough has more, where friends pay one another"
        " nearly all have, and most of those are honest", "more are for review where honest groups show as much",
        ge=0.0, le=1.0)] = 0.1
    honest_margin: Annotated[float, rule(
        "half_score_bits", "honest groups of a market that nobody has simulated may show so much more than known ones",
        MEASURED, "with less, honest villagers were taken for sure by what is known of other worlds",
        "false-discovery rates are higher", ge=0.0)] = 0.2
    answered_prior: Annotated[float, rule(
        "pairs", "so many, who deal as where goods are sold, are added when it is asked how many deal both ways",
        JUDGED, "a handful tell nothing", "small markets are taken to sell goods", gt=0.0)] = 100.0
    review_probability: Annotated[float, rule(
        "probability, 0 to 1", "an account whose learned probability of fraud is at least this is for review", JUDGED,
        "more likely bad than not", "fewer accounts come up by a model", ge=0.0, le=1.0)] = 0.5
    weakest_tie_bits: Annotated[float, rule(
        "bits", "a member whose tie to the others, or the one link that holds it, is weaker is for review at most",
        JUDGED, "as much as one rare shared thing shows; nobody is flagged by one weak thread",
        "fewer members are flagged unseen", ge=0.0)] = 20.0
    doers_share: Annotated[float, rule(
        SHARE, "so many of the members must have acted together for a ring to be flagged unseen", MEASURED,
        "of 99 tight circles that share cards and devices in a public set of payments 0.1 % of the members were ever"
        " charged back: sharing is what families do", "fewer rings are flagged unseen", ge=0.0, le=1.0)] = 0.5
    deed_bits: Annotated[float, rule(
        "bits", "acting together in a channel counts as that if the channel shows so much", JUDGED,
        "as much as the prior of an innocent explanation", "fewer rings are flagged, fewer unseen", ge=0.0)] = 12.0
    sale_share: Annotated[float, rule(
        SHARE, "trades inside a ring of which fewer name a product are payments, and no deed", MEASURED,
        "friends pay one another; see doers_share", "fewer trade rings are flagged unseen", ge=0.0, le=1.0)] = 0.5
    half_score_bits: Annotated[float, rule(
        "bits for each square root of a member", "a ring scores 0.5 at so many net bits times the root of its size",
        MEASURED,
        "bits of chance groups grow with the root of the size: dividing by it favours neither crowds nor pairs",
        "all rings score lower", gt=0.0)] = 8.0
    core_share: Annotated[float, rule(
        "share of the median tie", "members tied by less are the ring's fringe", JUDGED,
        "rather beside the ring than in it", "more members are fringe, and score less", ge=0.0, le=1.0)] = 0.5
    fringe_factor: Annotated[float, rule(
        "factor", "what the score of a ring counts for a member of its fringe", JUDGED,
        "orders fringe members behind the core of the same ring", "fringe members score more", ge=0.0, le=1.0)] = 0.75
    lone_ceiling: Annotated[float, rule(
        SCORE, "what an account in no ring, or a review by one, scores at most", DEFINED,
        "what one does alone accuses nobody", "accounts and reviews outside of rings rank higher", ge=0.0, le=1.0
    )] = 0.38
    half_sharing_bits: Annotated[float, rule(
        "bits", "an account in no ring has half of the lone ceiling at so many bits of sharing and conduct", JUDGED,
        "eight users of one thing, or a first sign of a habit", "accounts outside of rings rank lower", gt=0.0)] = 3.0
    lone_review_power: Annotated[float, rule(
        "exponent", "what the rank of an author's least credible review counts for its account", MEASURED, "most"
        " authors' worst says little; that of the few at the top much", "only the most suspect rank higher", gt=0.0
    )] = 4.0
    barred_statuses: Annotated[tuple[str, ...], rule(
        "words", "an account with one of these statuses is barred, unless somebody has found it honest", DEFINED,
        "what marketplaces write where they have shut somebody out, whatever the case", "more are barred"
    )] = ("banned", "blocked", "restricted", "suspended", "terminated")
    ignore_placeholders: Annotated[bool, rule(
        "yes or no", "values that stand for nothing (unknown, 0000000000, 127.0.0.1) link nobody", DEFINED,
        "who has them has nothing in common; a load names them", "no: whoever has one shares it with all who have"
    )] = True
    campaign_days: Annotated[float, rule(
        "days", "a block most of whose reviews came within so many is as likely planted as a taste", MEASURED,
        "in two simulated worlds nine in ten planted ones took less, all honest ones more", "more are campaigns", gt=0.0
    )] = 128.0
    by_catch_share: Annotated[float, rule(
        "share", "a campaign is not about a target of which it wrote less than this share of its usual target's",
        MEASURED, "of 24 campaigns in a bazaar three touched 11 honest targets by camouflage; with it none does",
        "camouflage frees more of those that it hides among", ge=0.0, le=1.0)] = 0.2
    target_spread: Annotated[float, rule(
        "log-odds", "by so much the chances of all reviews of a target may be wrong alike (standard deviation)",
        MEASURED, "at 1.5 twice as many counts of two worlds lie below their intervals", "fewer are sure", ge=0.0
    )] = 2.0
    # --------------------------------------------------------------------------------- what people decided
    reopening_bits: Annotated[float, rule(
        "bits", "what was dismissed comes back if so much more evidence is found than there was to see then", JUDGED,
        "as much as one rare shared thing shows; a person who looked is not to be asked again for less",
        "what was dismissed stays away for longer", gt=0.0)] = 20.0
    # ------------------------------------------------------------------------------- innocent explanations
    prior_bits: Annotated[float, rule(
        "bits", "how much more common an innocent explanation is than a ring", JUDGED,
        "a ring for some 4,000 groups of any kind", "fewer rings stand", ge=0.0)] = 12.0
    acting_bits: Annotated[float, rule(
        "bits", "how much less common that is where all members acted together; no less where only half did", MEASURED,
        "of groups that lack so little one in twenty was bad, of those that acted one in four; at 8 more honest groups"
        " came up for review", "more groups that act together stand", ge=0.0)] = 4.0
    further_bits: Annotated[float, rule(
        "bits", "how much less common each further innocent explanation of the same group makes the combination",
        JUDGED, "that a family is a family is no reason why it should be a club, or come on the same day, as well",
        "fewer groups are explained by several causes at once", ge=0.0)] = 8.0
    joint_arrival_bits: Annotated[float, rule(
        "bits", "what it still says that three or more who live together signed up within the same hour", JUDGED,
        "one family in a thousand; a class has others in it", "small rings that share all stand more often", ge=0.0
    )] = 10.0
    household_size: Annotated[int, rule(
        "accounts", "so many may be one household", JUDGED,
        "nine families in ten are smaller, and relatives use one another's things", "more sharing is explained", ge=1
    )] = 8
    prior_uses: Annotated[float, rule(
        "uses", "of each kind of personal thing, of place and of words so many more, each by one account of one thing,"
        " are added to those that are known", JUDGED, "such things are people's own: that a dozen sellers have one bank"
        " account is strange even where nobody else's is known", "what hardly anybody has given says more", ge=0.0
    )] = 100.0
    household_overlap: Annotated[float, rule(
        SHARE, "a thing is of a household if so many of the fewer of its users and the household's are in both", JUDGED,
        "half: those who live together share with the same people",
        "things are put to fewer households, and less sharing is explained", gt=0.0, le=1.0)] = 0.5
    family_trades: Annotated[float, rule(
        "pairs for each relative beyond the first", "trades inside a household that are nothing out of the way",
        MEASURED, "people who pay one another share cards and devices in a public set", "more is explained", ge=0.0
    )] = 1.0
    terminal_owner_share: Annotated[float, rule(
        SHARE, "a crowd's device is a public one if more of its users have one of their own as well", JUDGED,
        "who goes to a library's computer has a phone", "fewer devices of crowds are explained", ge=0.0, le=1.0)] = 0.5
    half_granted_owners: Annotated[float, rule(
        "members", "before a review, half of what a phone, a card, an account or a photo shows is granted where so many"
        " of its users, or of a family that shares it, have their own; of who told whom, where so many have a device",
        MEASURED, "fewer are a family with a tablet; 3 to 6 spare the same", "less is granted", gt=0.0)] = 4.0
    half_life_deals: Annotated[float, rule(
        "deals", "who deals so often with others, but has nothing of his own, counts half as one who has", MEASURED,
        "a ward's people buy like anybody, a farm's account once", "less is granted", gt=0.0)] = 3.0
    listed_acting: Annotated[float, rule(
        "doublings", "a ring is listed as if it showed 2 to this power as much, had all acted together", MEASURED,
        "anything from 0.5 to 2 lists five worlds better than none", "what people share counts less", ge=0.0)] = 1.0
    listed_outsiders: Annotated[float, rule(
        "power", "a ring is listed as if it showed less by this power of 1 and the outsiders linked to each member",
        MEASURED, "anything from 0.2 to 0.5 does", "pieces of circles are listed further down", ge=0.0)] = 1.0 / 3.0
    fault_share: Annotated[float, rule(
        SHARE, "before a review, a product of whose buyers, and a household more, so many complain is faulty; a ring"
        " of whose complaints so many are of it are its buyers; at half as many hardly", MEASURED,
        "most; of ordinary goods one buyer in twenty does, and who lives by refunds asks several shops for them",
        "fewer complaints are put down to goods", gt=0.0)] = 0.5
    season_bits: Annotated[float, rule(
        "bits", "how much at most trades say by lying closer together than the market's do", JUDGED,
        "most hobbies, swaps and fairs last for a season, or a day: one circle of traders in a thousand is that short",
        "less of short circles' trades is explained", ge=0.0)] = 10.0
    goods_days: Annotated[float, rule(
        "days", "for so long new sellers of one maker's goods come, on any day as likely as on another", JUDGED,
        "what is in fashion is so for a year; who is one seller under many names opens the accounts in a few weeks",
        "sellers who show the same photo stand more often, for they came closer together than that", gt=0.0)] = 365.0
    meeting_every_hours: Annotated[float, rule(
        "hours", "classes and meetings come again after so long", JUDGED, "by the week; by the day may be a machine",
        "other meetings are explained", gt=0.0)] = 168.0
    meetings_each: Annotated[int, rule(
        "times", "so often people meet within a week", JUDGED, "a course has two or three lessons a week",
        "more of what is done at the same time is explained", ge=0
    )] = 3
    meeting_hours: Annotated[float, rule(
        "hours", "what is done together in one stretch of the week, so long, is a class or a meeting", JUDGED,
        "a double lesson, or the morning's first hour", "more of what is done at the same time is explained", gt=0.0
    )] = 2.0
    occasion_hours: Annotated[float, rule(
        "hours", "what is done together within one stretch, so long, is one occasion", JUDGED,
        "people meet for a day: a fair, a course, a sale", "more of what is done at the same time is explained", gt=0.0
    )] = 12.0
    followers_share: Annotated[float, rule(
        SHARE, "where so many of a group, and so few others, act together each time, half of it is what followers do",
        JUDGED, "who is told of something comes one time in four; who is sent comes", "more of what is done at the"
        " same time is explained", gt=0.0, le=1.0
    )] = 0.5
    phrase_words: Annotated[float, rule(
        "words", "half of what a text of so many words shows is that many say so; of twice as many, a quarter", JUDGED,
        "greetings and questions of a trade have three or four words", "more of what several sent is explained", gt=0.0
    )] = 4.0
    # --------------------------------------------------------------------------------------------- conduct
    least_habit: Annotated[float, rule(
        "share of occasions", "somebody with a purpose does it this often or more", JUDGED,
        "a quarter of all orders refunded is no bad luck", "only grave habits accuse, but more each", ge=0.0, lt=1.0
    )] = 0.25
    likely_honest: Annotated[float, rule(
        "probability", "that an account's conduct is like the market's", JUDGED,
        "even odds: conduct adds to the suspicion that others raise", "conduct says less", gt=0.0, lt=1.0
    )] = 0.5
    loner_bits: Annotated[float, rule(
        "bits", "what one member's conduct says of its ring at most", JUDGED,
        "one account in a thousand misbehaves on its own", "conduct says more", ge=0.0
    )] = 10.0
    largest_usual: Annotated[float, rule(
        SHARE, "what more of all occasions show is no sign of anything", JUDGED, "what one in five does is a custom",
        "more common conduct accuses", gt=0.0, lt=1.0
    )] = 0.2
    most_alike: Annotated[float, rule(
        "concentration of a beta law", "habits are taken to be no more alike than this", JUDGED,
        "what a few hundred accounts never did may still be done by the next", "rare conduct says more", gt=0.0
    )] = 1000.0
    most_risk_bits: Annotated[float, rule(
        "bits", "what the learned risk of one member says of its ring at most, and a label as fraud", MEASURED,
        "on two worlds 8 brought more real rings to the front than 4 or 6", "risk moves rings more", ge=0.0
    )] = 8.0
    least_risk_bits: Annotated[float, rule(
        "bits", "what it says at least, and a label as legit", MEASURED,
        "most risks are low for want of labels; -2 was better than -4", "low risk speaks less for a member", le=0.0
    )] = -2.0
    # ----------------------------------------------------------------------------------- what orders and reviews say
    good_rating: Annotated[float, rule(
        "stars", "a review of so many or more is praise", DEFINED, "four and five stars lift a product",
        "less is praise", ge=1.0, le=5.0
    )] = 4.0
    bad_rating: Annotated[float, rule(
        "stars", "a review of so many or fewer is blame", DEFINED, "one and two stars sink a product", "more is blame",
        ge=1.0, le=5.0
    )] = 2.0
    refund_statuses: Annotated[tuple[str, ...], rule(
        "words", "an order with one of these statuses was refunded", DEFINED,
        "the words of the data contract, whatever their case", "more words: more orders count"
    )] = ("chargeback", "charged_back", "disputed", "refunded", "returned")
    paid_once_days: Annotated[float, rule(
        "days", "who paid an account within so many days and never again paid it once", JUDGED,
        "wages and rent come again after a week or a month", "more first payers and last payees count", ge=0.0
    )] = 7.0
    stretch_windows: Annotated[int, rule(
        "windows", "chance deals out what was done within so many windows of time in a row", JUDGED,
        "in half an hour one minute is like another; within its own minute a burst would explain itself",
        "what is done at the same time surprises more, and so do the hours of the day", ge=2
    )] = 24
    message_actions: Annotated[tuple[str, ...], rule(
        "words", "an event of one of these actions is words that were sent, and its object is the text", DEFINED,
        "the words of exports, whatever their case", "more events are messages, and count whenever they were sent"
    )] = ("chat", "comment", "dm", "message", "post", "sms")
    message_repeats: Annotated[int, rule(
        "times", "who sent a text two, four, and up to so many times shares it once more each with who did so too",
        JUDGED, "nobody writes the same twenty words to eight people by chance; more often is no more of a sign",
        "who sends one text very often counts more", ge=1
    )] = 8
    # --------------------------------------------------------------------------------------- roles of members
    party_share: Annotated[float, rule(
        "share of the members", "a seller whom so many praise, blame or ask for refunds is a party to the ring", JUDGED,
        "half: it is what the ring is about", "fewer sellers stand aside as beneficiary or target", ge=0.0, le=1.0
    )] = 0.5
    least_party: Annotated[int, rule(
        "members", "so many at the least make a seller a party", DEFINED, "one buyer's opinion is not the ring's",
        "fewer sellers stand aside", ge=1
    )] = 2
    # ---------------------------------------------------------------------------------------------- search
    resolutions: Annotated[tuple[Annotated[float, Meta(gt=0.0)], ...], rule(
        "bits a pair", "what a pair inside a community must average; one search for each", MEASURED,
        "coarse, middle and fine: each finds rings that the others miss", "more of them: more groups are tried"
    )] = (0.3, 1.0, 3.0)
    rest_resolution: Annotated[float, rule(
        "bits a pair", "the same, among those whom no group names after the first search", MEASURED,
        "found small rings where everybody has many links by chance", "only what is tied firmly is tried", gt=0.0
    )] = 10.0
    cycle_resolutions: Annotated[tuple[Annotated[float, Meta(gt=0.0)], ...], rule(
        "bits a pair", "the same, for trades in cycles", MEASURED, "a long cycle has few links to a pair",
        "more of them: more groups are tried"
    )] = (0.03, 0.1, 0.3)
    strong_link_shares: Annotated[tuple[Annotated[float, Meta(ge=0.0, le=1.0)], ...], rule(
        "share of the links", "components of the links above each of these quantiles are tried", JUDGED,
        "the strongest tenth and fiftieth join few strangers", "more of them: more groups are tried"
    )] = (0.9, 0.98)
    largest_group: Annotated[int, rule(
        "accounts", "larger communities are not tried", JUDGED,
        "they are crowds; the finer resolutions look inside them", "larger rings can be found whole", ge=3
    )] = 400
    largest_crowd: Annotated[int, rule(
        "accounts", "users of a thing that more share are linked to a few of one another only", JUDGED,
        "work must not grow with the square of a crowd", "crowds hang together more firmly", ge=2
    )] = 40
    largest_crowd_tried: Annotated[int, rule(
        "accounts", "the users of a thing that no more share are tried as a group, and those of two such things",
        JUDGED, "a thing with more users is a shop's or a slip of the export", "larger farms come whole", ge=3
    )] = 5000
    crowd_neighbours: Annotated[int, rule(
        "accounts", "to how many that came next each user of a crowd's thing is linked", JUDGED,
        "enough to keep the crowd in one piece", "crowds hang together more firmly", ge=1
    )] = 2
    trim_rounds: Annotated[int, rule(
        "rounds", "how often members who are not worth their names are left out", JUDGED,
        "hardly a group changes in the fourth", "groups become smaller", ge=0
    )] = 3
    improve_rounds: Annotated[int, rule(
        "rounds", "how often members are left out and neighbours taken in", MEASURED, "more rounds found no more rings",
        "groups fit their evidence more closely", ge=0
    )] = 4
    improve_margin_bits: Annotated[float, rule(
        "bits", "groups that lack no more than the prior, less this, are improved", MEASURED,
        "a family of which nothing else is known lacks just the prior, and is no ring", "fewer are improved", ge=0.0
    )] = 0.1
    largest_improved: Annotated[int, rule(
        "accounts", "larger groups are judged as they were found", JUDGED, "each member is tried in turn",
        "larger rings fit their evidence more closely", ge=3
    )] = 60
    neighbours_tried: Annotated[int, rule(
        "accounts", "how many of the strongest neighbours are tried, one by one", MEASURED, "more found no more rings",
        "rings may grow further", ge=0
    )] = 6
    neighbour_names: Annotated[float, rule(
        "times its name", "a neighbour is tried whose links to the group are worth as much", MEASURED,
        "of those whose links do not pay for a name hardly any helped, and they were most", "fewer are tried", ge=0.0
    )] = 1.0
    least_gain_bits: Annotated[float, rule(
        "bits", "a change of members must bring more than this", MEASURED, "smaller gains were worse on hard markets",
        "groups change less", ge=0.0
    )] = 2.7
    firm_names: Annotated[float, rule(
        "times", "who brings so many times what naming it costs is not let go of while a group is improved", MEASURED,
        "it could only help by escaping an explanation; at 2 rings were lost", "more members are tried", ge=1.0
    )] = 3.0
    explained_in_search: Annotated[float, rule(
        SHARE, "of what innocent explanations take off a group, so much counts while it is improved", MEASURED,
        "to the full, the search ends with that part of a ring that an explanation fits worst",
        "more rings are found in part only", ge=0.0, le=1.0
    )] = 0.65
    most_overlap: Annotated[float, rule(
        SHARE, "a group that has more in common with a better one is left", JUDGED,
        "half: it is the same ring, seen worse", "overlapping rings are listed side by side", ge=0.0, le=1.0
    )] = 0.5
    part_share: Annotated[float, rule(
        SHARE, "a group is a part of another one if so much of it is inside", JUDGED, "a ring with a customer is one",
        "fewer groups fall apart into rings and their surroundings", gt=0.0, le=1.0
    )] = 0.8
    joined_share: Annotated[float, rule(
        SHARE, "a group does not fall apart if so many of its members share things that bear no date across its parts",
        MEASURED, "in a plain market halves of one ring had 0.7 to 1, two or more rings with a few things between them"
        " 0.5 at most", "more groups fall apart into their parts", gt=0.0, le=1.0
    )] = 0.65
    seed_neighbours: Annotated[tuple[Annotated[int, Meta(ge=1)], ...], rule(
        "accounts", "with how many neighbours a labelled account is tried (label_seeds)", JUDGED, "any size may be",
        "more of them: more groups are tried"
    )] = (2, 4, 8, 16)
    nearest_alike: Annotated[int, rule(
        "accounts", "two are alike if each is among so many nearest of the other (look_alike)", JUDGED,
        "a ring's core is small", "more look-alikes are tried", ge=1
    )] = 5
    blocks_tried: Annotated[int, rule(
        "blocks", "of each grain of a channel, so many blocks are tried as groups (review_blocks)", JUDGED,
        "the next one is hardly ever a ring", "more blocks are tried", ge=0
    )] = 20
    # fmt: on

    def __post_init__(self) -> None:
        if self.review_score > self.automatic_score:
            raise ValueError(
                f"review_score is {self.review_score} and automatic_score {self.automatic_score}; an automatic flag"
                " must ask for at least as much as a review"
            )
        if self.automatic_rate > self.review_rate:
            raise ValueError(
                f"automatic_rate is {self.automatic_rate} and review_rate {self.review_rate}; what is flagged unseen"
                " must be as sure as what is for review"
            )
        if self.lone_ceiling >= self.review_score:
            raise ValueError(
                f"lone_ceiling is {self.lone_ceiling} and review_score {self.review_score}; what one account does alone"
                " must not be enough for a review"
            )

    @property
    def least_prior_bits(self) -> float:
        """How much more common an innocent explanation is than a ring of which all members acted together."""
        return max(self.prior_bits - self.acting_bits, 0.0)

    @property
    def worth_improving_bits(self) -> float:
        """Net bits from which a group is improved: it lacks less than a family of which nothing else is known."""
        return self.improve_margin_bits - self.prior_bits


DEFAULT_POLICY = Policy()
