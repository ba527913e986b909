"""An engine that says what it was told to and keeps every request, and the simplest chat template."""

from sca.engines import Completion, ContextOverflow


class Letters:
    """Renders a chat as the character codes of `role|content;`; the simplest template that extends exactly."""

    rewrites = False

    def prompt(self, messages):
        return self._ids("".join(f"{m['role'][0]}|{m['content']};" for m in messages) + "a|")

    def bridge(self, messages, reply, reply_ids, then):
        if self.rewrites:
            return None
        return self._ids(";" + "".join(f"{m['role'][0]}|{m['content']};" for m in then) + "a|")

    def _ids(self, text):
        return [ord(letter) for letter in text]


def said(text):
    return Completion(text, "stop", [ord(c) for c in text], [-0.5] * len(text), {"completion_tokens": len(text)})


def text(ids):
    return "".join(map(chr, ids))


class Voices:
    """Replies by the key of who speaks, as `shop-a0` or `shop-a0:user`; an error is raised instead of said."""

    name = model = "voices"
    context = None

    def __init__(self, replies, renderer=None):
        self.replies = replies
        self.renderer = renderer
        self.requests = []

    async def __aenter__(self):
        return self

    async def __aexit__(self, *exc):
        pass

    async def complete(self, request):
        self.requests.append(request)
        speaker, _, turn = request.key.rpartition(":")
        reply = self.replies[speaker][int(turn)]
        if isinstance(reply, Exception):
            raise reply
        return said(reply)

    def describe(self):
        return {"name": self.name}

    def report(self):
        return {}

    def heard_by(self, speaker):
        """Every message that the model of a speaker was sent."""
        return [m for r in self.requests if r.key.rpartition(":")[0] == speaker for m in r.messages]


OVERFLOW = ContextOverflow("too long")
