namespace AgentGrid.Client;

/// <summary>Somebody who is told what becomes of a run, by a signed post.</summary>
/// <param name="Url">An address of http or https, of a host that the server's operator allows.</param>
/// <param name="On">What is told: <c>completed</c>, <c>failed</c>, <c>cancelled</c>, <c>waiting</c>, <c>reminder</c>; null for the first three.</param>
public sealed record RunWebhook(string Url, IReadOnlyList<string>? On = null);
