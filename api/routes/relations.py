"""/v1/relations"""

from api.domain.evidence.relations import RELATION
from api.routes.records import collection
from schemas.queries import AboutQuery
from schemas.relations import RelationOut, RelationPatch

routes = collection(RELATION, gives=RelationOut, patches=RelationPatch, query=AboutQuery)
