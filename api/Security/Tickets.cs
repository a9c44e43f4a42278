using System.Buffers.Binary;
using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Options;

namespace AgentGrid.Api.Security;

/// <summary>
/// Short-lived tickets for those who cannot send a key in a header: a browser's <c>EventSource</c> and
/// <c>WebSocket</c>. A ticket is its end and a signature over it by a secret and the hash of the key that it was asked
/// for with. So nothing is kept, a key that is taken away takes its tickets with it, and every process with the same
/// secret and keys knows them.
/// </summary>
internal sealed class Tickets
{
    /// <summary>How long a ticket can be shown. A feed that it has opened stays open.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromSeconds(60);

    private const string Prefix = "agt_";
    private const int TimeBytes = sizeof(long);
    private const int TicketBytes = TimeBytes + HMACSHA256.HashSizeInBytes;

    private static ReadOnlySpan<byte> Purpose => "agentgrid ticket 1"u8;

    private readonly ApiKeyRing _keys;
    private readonly byte[] _secret;
    private readonly TimeProvider _time;

    public Tickets(IOptions<ApiOptions> options, TimeProvider time)
        : this(ApiKeyRing.Read(options.Value.ApiKeys), options.Value.TicketSecret, time)
    {
    }

    /// <param name="secret">Null for one that no other process has.</param>
    public Tickets(ApiKeyRing keys, string? secret, TimeProvider time)
    {
        _keys = keys;
        _secret = secret is null ? RandomNumberGenerator.GetBytes(32) : Encoding.UTF8.GetBytes(secret);
        _time = time;
    }

    /// <summary>A ticket with what a caller may do.</summary>
    /// <param name="caller">Null where no keys are asked for, and none of this matters.</param>
    public (string Ticket, DateTimeOffset ExpiresAt) Issue(ApiCaller? caller)
    {
        var ends = _time.GetUtcNow() + Lifetime;
        var ticket = new byte[TicketBytes];
        BinaryPrimitives.WriteInt64BigEndian(ticket, ends.ToUnixTimeMilliseconds());
        var hash = _keys.Keys.FirstOrDefault(k => k.Caller == caller).Hash ?? [];
        Sign(ticket.AsSpan(0, TimeBytes), hash, ticket.AsSpan(TimeBytes));
        return (Prefix + Base64Url.EncodeToString(ticket), ends);
    }

    /// <summary>Whose ticket it is; null when it is none, or has expired.</summary>
    public ApiCaller? Find(string text)
    {
        Span<byte> ticket = stackalloc byte[TicketBytes];
        if (!text.StartsWith(Prefix, StringComparison.Ordinal)
            || !Base64Url.IsValid(text.AsSpan(Prefix.Length), out var length) || length != TicketBytes
            || !Base64Url.TryDecodeFromChars(text.AsSpan(Prefix.Length), ticket, out _)
            || BinaryPrimitives.ReadInt64BigEndian(ticket) <= _time.GetUtcNow().ToUnixTimeMilliseconds())
        {
            return null;
        }
        ApiCaller? found = null;
        Span<byte> expected = stackalloc byte[HMACSHA256.HashSizeInBytes];
        foreach (var (hash, caller) in _keys.Keys)
        {
            Sign(ticket[..TimeBytes], hash, expected);
            if (CryptographicOperations.FixedTimeEquals(expected, ticket[TimeBytes..]))
            {
                found = caller;
            }
        }
        return found;
    }

    private void Sign(ReadOnlySpan<byte> end, ReadOnlySpan<byte> keyHash, Span<byte> signature) =>
        HMACSHA256.HashData(_secret, [.. Purpose, .. end, .. keyHash], signature);
}
