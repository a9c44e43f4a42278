using System.Globalization;

namespace AgentGrid.Kinds.Http;

/// <summary>The codes of failures on the way to a service. Stable.</summary>
public static class HttpErrors
{
    /// <summary>No connection came about: names, ports, certificates, proxies. May be tried again.</summary>
    public const string ConnectionFailed = "connection_failed";

    /// <summary>The connection was lost before the answer was whole. May be tried again.</summary>
    public const string ConnectionLost = "connection_lost";

    /// <summary>Work that the service had taken is not there any more. May be tried again.</summary>
    public const string JobLost = "job_lost";

    /// <summary>The answer is not what was agreed upon. Not to be tried again.</summary>
    public const string BadAnswer = "bad_answer";

    /// <summary>The input lacks what the agent is configured to send, or cannot be sent. Not to be tried again.</summary>
    public const string BadInput = "bad_input";

    /// <summary>What a secret holds cannot be used where it stands. Not to be tried again.</summary>
    public const string BadConfig = "bad_config";

    /// <summary>The service answered with this status, and gave no code of its own.</summary>
    public static string OfStatus(int status) => string.Create(CultureInfo.InvariantCulture, $"http_{status}");

    /// <summary>Whether the same request can succeed later, as far as a status tells.</summary>
    public static bool IsRetryable(int status) => status is 408 or 425 or 429 or 500 or 502 or 503 or 504 or 529;
}
