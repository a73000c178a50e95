"""Who may do what: a line a route, a line a desk. A route or a desk that has no line here fails the access matrix.

`open` is for all; `asking` needs an account, or a key that is for asking only; `employee`, `evaluator` and `admin` need that
role at least, and no such key; `oneself` needs a browser that is signed in.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

LEVELS = ("open", "asking", "employee", "evaluator", "admin")

_ROUTES = """
open       GET    /healthz
open       GET    /readyz
open       GET    /{language}/sign-in
open       POST   /{language}/sign-in
open       GET    /{language}/link
open       POST   /{language}/link
open       GET    /sign-in/{name}
open       GET    /sign-in/service
open       GET    /sign-in/callback

asking     GET    /docs
asking     GET    /openapi.json
asking     GET    /
asking     GET    /{language}
asking     GET    /favicon.ico
asking     *      /v1/{path}
asking     POST   /{language}/sign-out
asking     GET    /page/assets/plotly.js
asking     GET    /page/assets/report.css

asking     POST   /v1/chat/completions
asking     GET    /v1/models
asking     GET    /v1/models/{name}
asking     POST   /v1/search
asking     GET    /v1/suggestions
asking     GET    /v1/sources/{chunk_id}
asking     GET    /v1/collections/{name}/documents/{document_id}/pages/{number}
asking     GET    /v1/collections/{name}/documents/{document_id}/original
asking     POST   /v1/conversations/{conversation}/turns
asking     GET    /v1/turns/{turn}/events
asking     POST   /v1/turns/{turn}/stop
asking     GET    /page/{language}/chat/start
asking     POST   /page/{language}/chat/source
asking     POST   /page/{language}/chat/turns/{turn}/stop

employee   POST   /page/{language}/chat/ask
employee   GET    /page/{language}/chat/conversations/{conversation}
employee   GET    /page/{language}/chat/turns/{turn}
employee   GET    /v1/conversations
employee   POST   /v1/conversations
employee   GET    /v1/conversations/{conversation}
employee   PATCH  /v1/conversations/{conversation}
employee   DELETE /v1/conversations/{conversation}
employee   GET    /v1/conversations/{conversation}/export
employee   GET    /v1/turns/{turn}
employee   PUT    /v1/turns/{turn}/vote
employee   DELETE /v1/turns/{turn}/vote
employee   GET    /v1/account
oneself    POST   /v1/account/password
oneself    GET    /v1/account/sessions
oneself    DELETE /v1/account/sessions
oneself    GET    /v1/account/keys
oneself    POST   /v1/account/keys
oneself    DELETE /v1/account/keys/{key_id}
oneself    GET    /{language}/account
oneself    POST   /{language}/account/keys
oneself    POST   /{language}/account/revoke
oneself    POST   /{language}/account/sessions
oneself    POST   /{language}/account/password

evaluator  GET    /page/{language}/evaluate/{tab}
evaluator  POST   /page/{language}/evaluate/{tab}/{action}
evaluator  GET    /v1/evaluation/question-sets
evaluator  POST   /v1/evaluation/question-sets
evaluator  GET    /v1/evaluation/question-sets/{name}
evaluator  DELETE /v1/evaluation/question-sets/{name}
evaluator  GET    /v1/evaluation/question-sets/{name}/findings
evaluator  POST   /v1/evaluation/question-sets/{name}/copy
evaluator  PUT    /v1/evaluation/question-sets/{name}/questions/{id}
evaluator  POST   /v1/evaluation/question-sets/{name}/candidates
evaluator  POST   /v1/evaluation/question-sets/{name}/candidates/cancel
evaluator  POST   /v1/evaluation/question-sets/{name}/accept
evaluator  POST   /v1/evaluation/question-sets/{name}/delete
evaluator  POST   /v1/evaluation/question-sets/{name}/split
evaluator  GET    /v1/evaluation/runs
evaluator  POST   /v1/evaluation/runs
evaluator  GET    /v1/evaluation/runs/{id}
evaluator  POST   /v1/evaluation/runs/{id}/resume
evaluator  POST   /v1/evaluation/runs/{id}/cancel
evaluator  POST   /v1/evaluation/runs/{id}/score
evaluator  GET    /v1/evaluation/runs/{id}/answers
evaluator  GET    /v1/evaluation/runs/{id}/summary
evaluator  GET    /v1/evaluation/runs/{id}/sheet
evaluator  PUT    /v1/evaluation/runs/{id}/sheets/{sheet}
evaluator  GET    /v1/evaluation/diff
evaluator  GET    /v1/evaluation/report
evaluator  GET    /v1/evaluation/arenas
evaluator  POST   /v1/evaluation/arenas/{run}
evaluator  GET    /v1/evaluation/arenas/{run}/next
evaluator  POST   /v1/evaluation/arenas/{run}/votes
evaluator  DELETE /v1/evaluation/arenas/{run}/votes/last
evaluator  GET    /v1/evaluation/arenas/{run}/results
evaluator  GET    /v1/evaluation/loads
evaluator  GET    /v1/evaluation/figures
evaluator  POST   /v1/evaluation/costs

admin      GET    /metrics
admin      GET    /v1/feedback
admin      PATCH  /v1/feedback/{feedback}
admin      DELETE /v1/feedback/{feedback}
admin      GET    /v1/unanswered
admin      PATCH  /v1/unanswered
admin      GET    /v1/usage
admin      GET    /v1/audit
admin      GET    /v1/audit.csv
admin      GET    /v1/collections
admin      POST   /v1/collections
admin      PATCH  /v1/collections/{name}
admin      DELETE /v1/collections/{name}
admin      GET    /v1/collections/{name}/suggestions
admin      PUT    /v1/collections/{name}/suggestions
admin      PUT    /v1/collections/{name}/contact
admin      GET    /v1/collections/{name}/documents
admin      GET    /v1/collections/{name}/documents/{document}
admin      DELETE /v1/collections/{name}/documents/{document}
admin      GET    /v1/collections/{name}/documents/{document_id}/history
admin      GET    /v1/collections/{name}/documents/{document_id}/versions/{version}/original
admin      GET    /v1/collections/{name}/documents/{document_id}/chunks
admin      POST   /v1/collections/{name}/uploads
admin      POST   /v1/collections/{name}/uploads/open
admin      PUT    /v1/uploads/{job_id}/files/{number}
admin      POST   /v1/uploads/{job_id}/begin
admin      POST   /v1/uploads/{job_id}/retry
admin      POST   /v1/collections/{name}/ingest
admin      POST   /v1/collections/{name}/reindex
admin      POST   /v1/collections/{name}/watches
admin      GET    /v1/watches
admin      PATCH  /v1/watches/{watch_id}
admin      DELETE /v1/watches/{watch_id}
admin      GET    /v1/jobs
admin      GET    /v1/jobs/{job_id}
admin      DELETE /v1/jobs/{job_id}
admin      GET    /v1/backends
admin      POST   /v1/backends
admin      GET    /v1/backends/{backend}
admin      PUT    /v1/backends/{backend}
admin      DELETE /v1/backends/{backend}
admin      POST   /v1/backends/{backend}/check
admin      GET    /v1/backend-kinds
admin      PUT    /v1/default-backend
admin      POST   /v1/evidence
admin      GET    /v1/health
admin      POST   /v1/doctor
admin      GET    /v1/users
admin      POST   /v1/users
admin      GET    /v1/users/{user}
admin      PATCH  /v1/users/{user}
admin      DELETE /v1/users/{user}
admin      POST   /v1/users/{user}/link
admin      POST   /v1/users/{user}/keys
admin      GET    /v1/groups
admin      POST   /v1/groups
admin      PATCH  /v1/groups/{group}
admin      DELETE /v1/groups/{group}
admin      GET    /v1/keys
admin      DELETE /v1/keys/{key_id}
"""

_DESKS = """
employee   Asking Reading OwnAccount Conversations Feedback
evaluator  Evaluating QuestionSets Runs Reports Voting Marking Loads Costs
admin      Keeping Curating Operating Measuring Inbox Ledger People
"""

FOR_ASKING = {"Asking", "Reading", "Measuring"}
"""The desks that open for keys that are for asking only, too."""
AREAS = {"chat": "employee", "manage": "admin", "evaluate": "evaluator"}
"""The pages."""


@dataclass(frozen=True, slots=True, order=True)
class Route:
    """`method` is `*` where all methods are one route."""

    method: str
    path: str

    @classmethod
    def of(cls, method: str, path: str) -> Route:
        """Languages are one; how a parameter is read does not matter."""
        bare = re.sub(r"\{(\w+):\w+\}", r"{\1}", path)
        return cls(method, re.sub(r"^/(?:es|en)(?=/|$)", "/{language}", bare))

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


def _table(text: str) -> list[list[str]]:
    return [line.split() for line in text.splitlines() if line]


ROUTES = {Route(method, path): level for level, method, path in _table(_ROUTES)}
DESKS = {name: level for level, *names in _table(_DESKS) for name in names}
