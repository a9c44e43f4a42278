using Microsoft.AspNetCore.Http.Features;

namespace AgentGrid.Api.Feed;

/// <summary>
/// Puts a <see cref="CoalescingStream"/> between the WebSocket and the connection, whichever way the connection
/// becomes one (HTTP/1.1 upgrade, HTTP/2 extended CONNECT).
/// </summary>
internal sealed class CoalescingUpgrade(IHttpUpgradeFeature? upgrade, IHttpExtendedConnectFeature? connect)
    : IHttpUpgradeFeature, IHttpExtendedConnectFeature
{
    /// <summary>Null until the WebSocket has been accepted.</summary>
    public CoalescingStream? Stream { get; private set; }

    public bool IsUpgradableRequest => upgrade?.IsUpgradableRequest == true;

    public bool IsExtendedConnect => connect?.IsExtendedConnect == true;

    public string? Protocol => connect?.Protocol;

    public static void Attach(HttpContext context)
    {
        var features = context.Features;
        var coalescing = new CoalescingUpgrade(
            features.Get<IHttpUpgradeFeature>(), features.Get<IHttpExtendedConnectFeature>());
        features.Set<IHttpUpgradeFeature>(coalescing);
        features.Set<IHttpExtendedConnectFeature>(coalescing);
        features.Set(coalescing);
    }

    public async Task<Stream> UpgradeAsync() => Stream = new CoalescingStream(await upgrade!.UpgradeAsync());

    public async ValueTask<Stream> AcceptAsync() => Stream = new CoalescingStream(await connect!.AcceptAsync());
}
