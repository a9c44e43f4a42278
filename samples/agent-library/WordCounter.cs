using AgentGrid.Core.Agents;

namespace AgentLibrary;

/// <summary>Counts the words of a text.</summary>
[Agent("word_counter", Capabilities = ["counting"])]
public sealed class WordCounter : Agent<WordCounter.Input, WordCounter.Count>
{
    private static readonly char[] s_spaces = [' ', '\t', '\r', '\n'];

    public override ValueTask<Count> InvokeAsync(Input input, AgentInvocation invocation, CancellationToken cancellationToken)
    {
        var text = input.Text ?? throw new AgentException("no_text", "The input has no 'text'.", retryable: false);
        return ValueTask.FromResult(new Count(text.Split(s_spaces, StringSplitOptions.RemoveEmptyEntries).Length));
    }

    // JSON names are snake_case.
    public sealed record Input(string? Text);
    public sealed record Count(int Words);
}
