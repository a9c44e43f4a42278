using System.Globalization;
using AgentGrid.Api.Requests;

namespace AgentGrid.Api.Orchestrate;

/// <summary>How long a request waits for the end of its run: <c>?wait=30s</c> or <c>Prefer: wait=30</c>.</summary>
internal sealed class Waiting(ApiOptions options)
{
    private int _waiting;

    /// <summary>Zero for not at all; never more than the limit.</summary>
    public TimeSpan Wish(HttpRequest request, QueryReader query)
    {
        var wish = request.QueryString.HasValue ? query.Duration("wait") : null;
        wish ??= request.Headers.TryGetValue("Prefer", out var prefer) ? Preferred(prefer) : null;
        return wish is null ? TimeSpan.Zero : wish > options.MaxWait ? options.MaxWait : wish.Value;
    }

    /// <summary>True when there is room for one more; then <see cref="Leave"/> must follow.</summary>
    public bool TryEnter()
    {
        if (Interlocked.Increment(ref _waiting) <= options.MaxConcurrentWaits)
        {
            return true;
        }
        Leave();
        return false;
    }

    public void Leave() => Interlocked.Decrement(ref _waiting);

    // RFC 7240: a preference that cannot be understood is ignored.
    private static TimeSpan? Preferred(IEnumerable<string?> headers)
    {
        foreach (var preference in headers.SelectMany(h => (h ?? "").Split(',', ';')))
        {
            var parts = preference.Split('=', 2, StringSplitOptions.TrimEntries);
            if (parts is [var name, var value] && name.Equals("wait", StringComparison.OrdinalIgnoreCase)
                && uint.TryParse(value.Trim('"'), NumberStyles.None, CultureInfo.InvariantCulture, out var seconds))
            {
                return TimeSpan.FromSeconds(Math.Min(seconds, 86_400));
            }
        }
        return null;
    }
}
