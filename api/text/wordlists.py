"""English words that decide what is said, and those that say little by themselves.

In other languages than English a changed word is a change all the same; only of what kind is not told.
"""

_NEGATIONS = "not no never none nobody nothing nowhere neither nor without aint hardly barely"
NEGATIONS = frozenset(_NEGATIONS.split())
# Without one of these, the rest says the opposite.
DENYING = frozenset(("not", "never"))
_MODALS = "will would shall should can could may might must ought 'd"
MODALS = frozenset(_MODALS.split())
# Verbs that come and go with a negation or a question.
AUXILIARIES = frozenset(("do", "does", "did", "have", "has", "had", "am", "is", "are", "was", "were", "be"))
# English words that say little by themselves: they open sentences with a capital letter and are no names, and texts
# share them by chance.
_COMMON = (
    "a about after again all also although am an and any are as at be because been before being both but by can "
    "could did do does doing down during each every few for from further get go going got had has have having he "
    "her here hers herself him himself his how i if in into is it its itself just know let like may me might more "
    "most much must my myself no nor not now of off on once one only or other our ours out over own really right "
    "said same say shall she should since so some such than that the their theirs them themselves then there these "
    "they thing things think this those though through to too under until up upon us very want was way we well were "
    "what when where which while who whom whose why will with without would yes yet you your yours yourself 's 'd "
    "never none nobody nothing nowhere neither"
)
COMMON = frozenset(_COMMON.split())
