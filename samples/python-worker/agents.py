"""An agent in Python: the longest words of a text."""

from agentgrid import AgentBase, AgentError, register_agent


@register_agent
class Keywords(AgentBase):
    name = "keywords"
    capabilities = ["keywords"]

    def run(self, payload):
        if not isinstance(payload.get("text"), str):
            raise AgentError("no_text", "The input has no 'text'.", retryable=False)
        words = {word.strip(".,;:!?").lower() for word in payload["text"].split()}
        return {"words": sorted(words, key=lambda word: (-len(word), word))[:3]}
