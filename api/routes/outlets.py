"""/v1/outlets"""

from api.domain.parties.outlets import OUTLET
from api.routes.mergers import add_mergers
from api.routes.records import collection
from schemas.mergers import OutletMergerIn
from schemas.outlets import OutletOut, OutletPatch
from schemas.queries import NamesQuery

routes = collection(OUTLET, gives=OutletOut, patches=OutletPatch, query=NamesQuery)
add_mergers(routes, OUTLET, takes=OutletMergerIn, gives=OutletOut)
