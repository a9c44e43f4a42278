using AgentGrid.Core.Agents;

/// <summary>Greets whoever is named.</summary>
[Agent("greeter", Capabilities = ["greeting"])]
public sealed class Greeter : Agent<Greeter.Input, Greeter.Greeting>
{
    public override ValueTask<Greeting> InvokeAsync(Input input, AgentInvocation invocation, CancellationToken cancellationToken)
    {
        var name = input.Name ?? throw new AgentException("no_name", "The input has no 'name'.", retryable: false);
        return ValueTask.FromResult(new Greeting($"Hello, {name}!"));
    }

    // JSON names are snake_case.
    public sealed record Input(string? Name);
    public sealed record Greeting(string Text);
}
