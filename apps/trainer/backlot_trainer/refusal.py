"""An expected failure that a person can act on."""


class Refusal(Exception):
    """`code` in SCREAMING_SNAKE, `message` names the thing, `way_out` says what to do."""

    def __init__(self, code: str, message: str, way_out: str):
        super().__init__(message)
        self.code, self.message, self.way_out = code, message, way_out

    def line(self, request_id: str | None = None) -> dict:
        """The output line of this failure; `request_id` where it answers one request of many."""
        return {"type": "error", **({"id": request_id} if request_id else {}), "code": self.code, "message": self.message, "wayOut": self.way_out}
