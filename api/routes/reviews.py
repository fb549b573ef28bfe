"""/v1/reviews"""

from api.domain.evidence.reviews import REVIEW
from api.routes.records import collection
from schemas.queries import AboutQuery
from schemas.reviews import ReviewOut, ReviewPatch

routes = collection(REVIEW, gives=ReviewOut, patches=ReviewPatch, query=AboutQuery)
