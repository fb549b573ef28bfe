"""/v1/speakers"""

from api.domain.parties.speakers import SPEAKER
from api.routes.mergers import add_mergers
from api.routes.records import collection
from schemas.mergers import SpeakerMergerIn
from schemas.queries import NamesQuery
from schemas.speakers import SpeakerOut, SpeakerPatch

routes = collection(SPEAKER, gives=SpeakerOut, patches=SpeakerPatch, query=NamesQuery)
add_mergers(routes, SPEAKER, takes=SpeakerMergerIn, gives=SpeakerOut)
