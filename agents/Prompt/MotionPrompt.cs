using AgentGrid.Agents.Motion;

namespace AgentGrid.Agents.Prompt;

/// <summary>What <c>prompt_generator</c> answers.</summary>
/// <param name="Prompt">For a model that reads text, and for people.</param>
/// <param name="Directions">The same for a program.</param>
internal sealed record MotionPrompt(string Prompt, MotionDirections Directions);
