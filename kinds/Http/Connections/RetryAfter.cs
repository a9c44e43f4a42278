using System.Net.Http.Headers;

namespace AgentGrid.Kinds.Http.Connections;

/// <summary>When a service says that it can be asked again.</summary>
public static class RetryAfter
{
    /// <summary>The time that the header <c>Retry-After</c> gives, in seconds or as a date; null when there is none.</summary>
    public static TimeSpan? Of(HttpResponseHeaders headers, DateTimeOffset now) => headers.RetryAfter switch
    {
        { Delta: { } delta } => delta,
        { Date: { } date } => date > now ? date - now : TimeSpan.Zero,
        _ => null,
    };

    /// <summary>The same of its text; null when it is none.</summary>
    public static TimeSpan? Of(string? text, DateTimeOffset now)
    {
        if (!RetryConditionHeaderValue.TryParse(text, out var value))
        {
            return null;
        }
        return value.Delta ?? (value.Date > now ? value.Date - now : TimeSpan.Zero);
    }
}
