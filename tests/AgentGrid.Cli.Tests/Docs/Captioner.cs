using System.Net.Http.Json;
using AgentGrid.Core.Agents;

namespace MyAgents;

/// <summary>Asks a model server for a caption of the snapshot.</summary>
[Agent("captioner", Capabilities = ["caption"], Priority = 5, Queue = "gpu", MaxConcurrency = 2, TimeoutSeconds = 20)]
public sealed class Captioner(HttpClient model) : Agent<Captioner.Input, Captioner.Caption>
{
    public override async ValueTask<Caption> InvokeAsync(
        Input input, AgentInvocation invocation, CancellationToken cancellationToken)
    {
        if (input.Prompt is not { Length: > 0 } prompt)
        {
            throw new AgentException("no_prompt", "Give the step a 'prompt' in its 'input'.", retryable: false);
        }
        invocation.Progress.Report(0.1, "asking the model");
        using var request = new HttpRequestMessage(HttpMethod.Post, "caption") { Content = JsonContent.Create(prompt) };
        // The same key when a crash makes the engine deliver the attempt again.
        request.Headers.Add("Idempotency-Key", invocation.IdempotencyKey);
        using var answer = await model.SendAsync(request, cancellationToken);
        if (!answer.IsSuccessStatusCode)
        {
            throw new AgentException("model_busy", $"The model server answered {(int)answer.StatusCode}.");
        }
        return new Caption(await answer.Content.ReadAsStringAsync(cancellationToken));
    }

    public sealed record Input(string? Prompt);

    public sealed record Caption(string Text);
}
