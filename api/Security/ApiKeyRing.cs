using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;
using AgentGrid.Core;

namespace AgentGrid.Api.Security;

/// <summary>A caller who has shown a key.</summary>
public sealed record ApiCaller(string Name, ApiScope Scopes);

/// <summary>The keys that are known, by their hashes.</summary>
internal sealed class ApiKeyRing
{
    private const int MaxKeyLength = 512;
    private readonly ImmutableArray<(byte[] Hash, ApiCaller Caller)> _keys;

    private ApiKeyRing(ImmutableArray<(byte[] Hash, ApiCaller Caller)> keys) => _keys = keys;

    public bool IsEmpty => _keys.IsEmpty;

    /// <summary>Every key's hash, and who has it.</summary>
    public ImmutableArray<(byte[] Hash, ApiCaller Caller)> Keys => _keys;

    /// <summary>Reads the options; what is wrong with them is added to the problems.</summary>
    public static ApiKeyRing Read(IReadOnlyList<ApiKeyOptions> options, List<string>? problems = null)
    {
        var keys = ImmutableArray.CreateBuilder<(byte[], ApiCaller)>();
        var names = new HashSet<string>(StringComparer.Ordinal);
        var hashes = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        foreach (var option in options)
        {
            var who = $"API key '{Names.Shorten(option.Name)}'{(option.Place is { } place ? $" ({place})" : "")}";
            var hash = KeyHash.Parse(option.Hash);
            if (hash is null)
            {
                problems?.Add(
                    $"{who}: its hash must be 'sha256:' and 64 hexadecimal digits. Make a key and its hash with " +
                    "'new-key', or the hash of a key that you have with 'hash-key <key>'.");
            }
            else if (KeyHash.IsOfNothing(hash))
            {
                problems?.Add(
                    $"{who}: its hash is that of an empty key, which nobody can send. Make one with 'new-key'.");
            }
            else if (!hashes.TryAdd(option.Hash, option.Name))
            {
                problems?.Add(
                    $"{who}: it is the same key as '{hashes[option.Hash]}'. Every caller needs a key of its own.");
            }
            if (option.Name.Length is 0 or > Names.MaxLength || option.Name.Any(char.IsControl)
                || !names.Add(option.Name))
            {
                problems?.Add($"{who}: every key needs a name of its own, of 1 to {Names.MaxLength} characters.");
            }
            keys.Add((hash ?? [], new ApiCaller(option.Name, ReadScopes(option, who, problems))));
        }
        return new ApiKeyRing(keys.ToImmutable());
    }

    /// <summary>Who has this key; null when nobody does. Takes equally long wherever a wrong key differs.</summary>
    public ApiCaller? Find(string key)
    {
        if (key.Length is 0 or > MaxKeyLength)
        {
            return null;
        }
        var hash = SHA256.HashData(Encoding.UTF8.GetBytes(key));
        ApiCaller? found = null;
        foreach (var (known, caller) in _keys)
        {
            if (CryptographicOperations.FixedTimeEquals(hash, known))
            {
                found = caller;
            }
        }
        return found;
    }

    private static ApiScope ReadScopes(ApiKeyOptions option, string who, List<string>? problems)
    {
        var scopes = ApiScope.None;
        foreach (var word in option.Scopes)
        {
            switch (word.ToLowerInvariant())
            {
                case "read":
                    scopes |= ApiScope.Read;
                    break;
                case "submit":
                    scopes |= ApiScope.Submit;
                    break;
                default:
                    problems?.Add($"{who}: unknown scope '{Names.Shorten(word)}'; there are 'read' and 'submit'.");
                    break;
            }
        }
        if (option.Scopes.Distinct(StringComparer.OrdinalIgnoreCase).Count() < option.Scopes.Count)
        {
            problems?.Add($"{who}: the same scope twice.");
        }
        return option.Scopes.Count == 0 ? ApiScope.Read | ApiScope.Submit : scopes;
    }
}
