"""/v1/sources"""

from api.domain.evidence.sources import SOURCE
from api.routes.records import collection
from schemas.queries import ListQuery
from schemas.sources import SourceOut, SourcePatch

routes = collection(SOURCE, gives=SourceOut, patches=SourcePatch, query=ListQuery)
