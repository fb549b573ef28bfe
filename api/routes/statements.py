"""/v1/statements"""

from api.domain.statements import STATEMENT
from api.routes.records import collection
from schemas.queries import StatementsQuery
from schemas.statements import StatementOut, StatementPatch

routes = collection(STATEMENT, gives=StatementOut, patches=StatementPatch, query=StatementsQuery)
