using AgentGrid.Api.Security;
using AgentGrid.Core.Documents;
using Microsoft.Extensions.Options;

namespace AgentGrid.Api;

/// <summary>Checks the settings when the server starts, and reports every mistake at once.</summary>
internal sealed class ApiOptionsValidation : IValidateOptions<ApiOptions>
{
    public const int LeastBody = 1024;
    private const int MinSecretLength = 16;

    public ValidateOptionsResult Validate(string? name, ApiOptions options)
    {
        var problems = Problems(options);
        return problems.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(problems);
    }

    public static List<string> Problems(ApiOptions options)
    {
        var problems = new List<string>();
        Least(problems, nameof(options.MaxBodyBytes), options.MaxBodyBytes, LeastBody);
        Least(problems, nameof(options.MaxConcurrentWaits), options.MaxConcurrentWaits, 0);
        Least(problems, nameof(options.MaxWebSocketClients), options.MaxWebSocketClients, 0);
        Positive(problems, nameof(options.MaxWait), options.MaxWait);
        Positive(problems, nameof(options.WebSocketSendTimeout), options.WebSocketSendTimeout);
        Positive(problems, nameof(options.WebSocketCloseTimeout), options.WebSocketCloseTimeout);
        Positive(problems, nameof(options.KeepAlive), options.KeepAlive);
        if (options.TicketSecret is { Length: < MinSecretLength } secret)
        {
            problems.Add(
                $"{ApiOptions.Section}:{nameof(options.TicketSecret)} has {secret.Length} characters; it must have at " +
                $"least {MinSecretLength}. Leave it out to have one made at startup.");
        }
        ReceiptOptions.ReadKey(options.Receipts, out var key);
        if (key is not null)
        {
            problems.Add($"{ApiOptions.Section}:{nameof(options.Receipts)}:{nameof(ReceiptOptions.Key)} {key}");
        }
        ApiKeyRing.Read(options.ApiKeys, problems);
        problems.AddRange(TrustedHost.Problems(options.TrustedHosts)
            .Select(p => $"{ApiOptions.Section}:{nameof(options.TrustedHosts)} {p}"));
        return problems;
    }

    private static void Least(List<string> problems, string name, int value, int least)
    {
        if (value < least)
        {
            problems.Add($"{ApiOptions.Section}:{name} is {value}; it must be at least {least}.");
        }
    }

    private static void Positive(List<string> problems, string name, TimeSpan value)
    {
        if (value <= TimeSpan.Zero || value > TimeSpan.FromDays(1))
        {
            problems.Add(
                $"{ApiOptions.Section}:{name} is '{DurationText.Format(value)}'; expected more than zero and at most " +
                "a day.");
        }
    }
}
