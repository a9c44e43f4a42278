using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;

namespace AgentGrid.ClientApi.Security;

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
        foreach (var option in options)
        {
            var who = $"API key '{option.Name}'";
            var hash = KeyHash.Parse(option.Hash);
            if (hash is null)
            {
                problems?.Add(
                    $"{who}: its hash must be 'sha256:' and 64 hexadecimal digits. Make a key and its hash with " +
                    "'new-key', or the hash of a key that you have with 'hash-key <key>'.");
            }
            if (option.Name.Length == 0 || !names.Add(option.Name))
            {
                problems?.Add($"{who}: every key needs a name of its own.");
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
                    problems?.Add($"{who}: unknown scope '{word}'; there are 'read' and 'submit'.");
                    break;
            }
        }
        return option.Scopes.Count == 0 ? ApiScope.Read | ApiScope.Submit : scopes;
    }
}
