using System.Collections.Immutable;
using System.Text;

namespace AgentGrid.Core.Documents;

/// <summary>
/// A text that refers to secrets, and never has them in it: <c>Bearer ${env:TOKEN}</c>, <c>${file:/run/secrets/key}</c>.
/// <c>$${</c> stands for <c>${</c>.
/// </summary>
public sealed class SecretText
{
    private const string Begin = "${";

    // What is shorter can be part of any word.
    private const int ShortestConcealed = 4;

    private readonly ImmutableArray<object> _parts; // a string, or a SecretReference

    private SecretText(string template, ImmutableArray<object> parts) => (Template, _parts) = (template, parts);

    /// <summary>As it is written; fit to be shown.</summary>
    public string Template { get; }

    /// <summary>What it refers to, in order.</summary>
    public IEnumerable<SecretReference> References => _parts.OfType<SecretReference>();

    /// <summary>Null when it refers to something that there is not; <paramref name="problem"/> says to what.</summary>
    public static SecretText? Parse(string template, out string? problem)
    {
        var parts = ImmutableArray.CreateBuilder<object>();
        var text = new StringBuilder();
        var at = 0;
        while (template.IndexOf(Begin, at, StringComparison.Ordinal) is >= 0 and var begin)
        {
            if (begin > 0 && template[begin - 1] == '$')
            {
                text.Append(template, at, begin - at).Append('{');
                at = begin + Begin.Length;
                continue;
            }
            var end = template.IndexOf('}', begin);
            var inside = end < 0 ? "" : template[(begin + Begin.Length)..end];
            if (SecretReference.Parse(inside) is not { } reference)
            {
                var shown = Names.Shorten(end < 0 ? template[begin..] : template[begin..(end + 1)]);
                problem = $"'{shown}' refers to nothing: write ${{env:NAME}} or ${{file:/path}}, or $${{ for ${{ itself.";
                return null;
            }
            parts.Add(text.Append(template, at, begin - at).ToString());
            parts.Add(reference);
            text.Clear();
            at = end + 1;
        }
        parts.Add(text.Append(template, at, template.Length - at).ToString());
        problem = null;
        return new SecretText(template, parts.ToImmutable());
    }

    /// <summary>The text with its secrets: to be used, and not to be kept or shown.</summary>
    public string Reveal(Func<SecretReference, string> find) =>
        string.Concat(_parts.Select(part => part is SecretReference reference ? find(reference) : (string)part));

    /// <summary>
    /// A text that others wrote, in which each secret that this one refers to is its reference again: to be shown.
    /// </summary>
    /// <param name="find">Finds a secret; null for one that is not there.</param>
    public string Conceal(string text, Func<SecretReference, string?> find) =>
        References.Aggregate(text, (shown, reference) => find(reference) is { Length: >= ShortestConcealed } secret
            ? shown.Replace(secret, $"{Begin}{reference}}}", StringComparison.Ordinal)
            : shown);

    /// <summary>As it is written.</summary>
    public override string ToString() => Template;
}

/// <summary>Where a secret is.</summary>
/// <param name="Name">The name of a variable, or the path of a file.</param>
public sealed record SecretReference(SecretSource Source, string Name)
{
    internal static SecretReference? Parse(string text) => text.Split(':', 2) switch
    {
        ["env", { Length: > 0 } name] => new SecretReference(SecretSource.Environment, name),
        ["file", { Length: > 0 } path] => new SecretReference(SecretSource.File, path),
        _ => null,
    };

    /// <summary>As it is written, between the braces.</summary>
    public override string ToString() => $"{(Source == SecretSource.Environment ? "env" : "file")}:{Name}";
}

/// <summary>What secrets are read from.</summary>
public enum SecretSource
{
    /// <summary>A variable of the server's environment.</summary>
    Environment,

    /// <summary>A file, without the line break at its end.</summary>
    File,
}
