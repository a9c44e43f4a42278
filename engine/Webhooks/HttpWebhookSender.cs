using System.Globalization;
using System.Net.Http.Headers;
using AgentGrid.Core;
using AgentGrid.Core.Agents;
using AgentGrid.Core.Documents;
using AgentGrid.Core.Grid;
using AgentGrid.Core.Plans;
using AgentGrid.Core.Runs;
using AgentGrid.Engine.Agents;

namespace AgentGrid.Engine.Webhooks;

/// <summary>Posts over HTTP, signed as <see href="https://www.standardwebhooks.com">Standard Webhooks</see> has it.</summary>
/// <remarks>
/// To one address at most <see cref="MostToOneAddress"/> posts are under way at once, and to one host at most <see cref="MostToOneHost"/>,
/// so that one that hangs keeps no other waiting.
/// </remarks>
public sealed class HttpWebhookSender : IWebhookSender, IDisposable
{
    /// <summary>How many posts to one host are under way at once.</summary>
    public const int MostToOneHost = 32;

    /// <summary>How many posts to one address are under way at once, whatever its query says.</summary>
    public const int MostToOneAddress = 4;

    private const string Setting = "AgentGrid:Webhooks";

    private readonly WebhookOptions _options;
    private readonly AllowedHosts _hosts;
    private readonly SecretText? _secret;
    private readonly TimeProvider _time;
    private readonly Gates _addresses = new(MostToOneAddress);
    private readonly Gates _authorities = new(MostToOneHost);

    // What it answers is not read, and where it leads is not followed: that host may be one which is not allowed.
    private readonly HttpClient _client = new(new SocketsHttpHandler
    {
        AllowAutoRedirect = false,
        UseCookies = false,
        PooledConnectionLifetime = TimeSpan.FromMinutes(5),
    })
    {
        Timeout = System.Threading.Timeout.InfiniteTimeSpan,
    };

    /// <param name="options">Read once.</param>
    public HttpWebhookSender(WebhookOptions options, TimeProvider time)
    {
        _options = options;
        _hosts = new AllowedHosts(options.AllowedHosts);
        _secret = options.Secret is { } secret ? SecretText.Parse(secret, out _) : null;
        _time = time;
    }

    /// <inheritdoc/>
    public string? Refusal(Webhook webhook) => WhyNotAllowed(new Uri(webhook.Url)) ?? (Key(out var problem) is null ? problem : null);

    /// <inheritdoc/>
    public async Task<WebhookAnswer> SendAsync(WebhookDelivery delivery, CancellationToken cancellationToken)
    {
        var address = new Uri(delivery.Webhook.Url);
        if (WhyNotAllowed(address) is { } refusal)
        {
            return new WebhookAnswer(refusal, GivesUp: true);
        }
        if (Key(out var problem) is not { } key)
        {
            return new WebhookAnswer(problem);
        }
        using var ofAddress = await _addresses.EnterAsync(address.GetLeftPart(UriPartial.Path), cancellationToken).ConfigureAwait(false);
        using var ofHost = await _authorities.EnterAsync(address.Authority, cancellationToken).ConfigureAwait(false);
        return await PostAsync(address, delivery, key, cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public void Dispose() => _client.Dispose();

    private async Task<WebhookAnswer> PostAsync(
        Uri address, WebhookDelivery delivery, byte[] key, CancellationToken cancellationToken)
    {
        var body = WebhookMessage.Of(delivery).Utf8;
        var time = _time.GetUtcNow().ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);
        using var request = new HttpRequestMessage(HttpMethod.Post, address) { Content = new ReadOnlyMemoryContent(body) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        request.Headers.UserAgent.Add(new ProductInfoHeaderValue("AgentGrid", null));
        request.Headers.Add("webhook-id", delivery.Id);
        request.Headers.Add("webhook-timestamp", time);
        request.Headers.TryAddWithoutValidation("webhook-signature", WebhookSignature.Sign(key, delivery.Id, time, body.Span));
        using var timeout = new CancellationTokenSource(_options.Timeout, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        try
        {
            using var response = await _client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, either.Token)
                .ConfigureAwait(false);
            var status = (int)response.StatusCode;
            return status switch
            {
                >= 200 and < 300 => WebhookAnswer.Taken,
                410 => new WebhookAnswer("It answered 410: it wants no more webhooks.", GivesUp: true),
                >= 300 and < 400 => new WebhookAnswer($"It answered {status}: redirects are not followed, so give the address it leads to."),
                _ => new WebhookAnswer($"It answered {status}."),
            };
        }
        catch (OperationCanceledException) when (timeout.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            return new WebhookAnswer($"It did not answer within {DurationText.Format(_options.Timeout)} (setting {Setting}:Timeout).");
        }
        catch (HttpRequestException e)
        {
            return new WebhookAnswer($"It cannot be reached: {ExceptionReason.Of(e)}");
        }
    }

    private string? WhyNotAllowed(Uri address) => _hosts.Allows(address) ? null
        : $"The host '{Names.Shorten(address.Authority)}' may not be posted to: " + (_hosts.IsEmpty
            ? $"no host is allowed. Allow it with the setting {Setting}:AllowedHosts."
            : $"add it to the setting {Setting}:AllowedHosts.");

    private byte[]? Key(out string? problem)
    {
        problem = _options.Secret is null
            ? $"There is no secret to sign webhooks with: set {Setting}:Secret to 'whsec_' and Base64 of 24 to 64 random bytes."
            : null;
        if (problem is not null)
        {
            return null;
        }
        try
        {
            var key = _secret is null ? null : WebhookSignature.SigningKeyOf(_secret.Reveal(Secrets.Find));
            problem = key is null ? $"The setting {Setting}:Secret is not a Standard Webhooks secret: 'whsec_' and Base64 of 24 to 64 random bytes." : null;
            return key;
        }
        catch (AgentException e)
        {
            problem = $"The secret to sign webhooks with is missing (setting {Setting}:Secret): {e.Message}";
            return null;
        }
    }
}
