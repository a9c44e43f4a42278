using System.Security.Authentication;
using AgentGrid.Core;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;

namespace AgentGrid.Api.Settings;

/// <summary>
/// Looks at the section <c>Kestrel</c>, where TLS is. Kestrel passes over what it does not know: a client certificate
/// that is demanded in the wrong words is not demanded at all.
/// </summary>
internal sealed class KestrelSettings
{
    private const string Section = "Kestrel";

    private static readonly Shape s_certificate = new Shape.Members(
        ["Path", "KeyPath", "Password", "Subject", "Store", "Location", "AllowInvalid"], _ => new Shape.Value(null));

    private static readonly Shape s_root = new Shape.Members(
        ["Endpoints", "EndpointDefaults", "Certificates"], m => m switch
        {
            "Endpoints" => new Shape.Any(Endpoint("Url", "Certificate", "Sni")),
            "EndpointDefaults" => Endpoint(),
            _ => new Shape.Any(s_certificate),
        });

    private readonly SectionReader _reader;

    private KestrelSettings(SectionReader reader) => _reader = reader;

    public static void Check(SectionReader reader)
    {
        var settings = new KestrelSettings(reader);
        foreach (var source in reader.Sources.All)
        {
            settings.Check(source, Section, s_root);
        }
    }

    private static Shape.Members Endpoint(params string[] more) => new(
        ["Protocols", "SslProtocols", "ClientCertificateMode", .. more], m => m switch
        {
            "Certificate" => s_certificate,
            "Protocols" => new Shape.Value(Enum.GetNames<HttpProtocols>()),
            "SslProtocols" => new Shape.Any(new Shape.Value(Enum.GetNames<SslProtocols>())),
            "ClientCertificateMode" => new Shape.Value(Enum.GetNames<ClientCertificateMode>()),
            "Sni" => new Shape.Any(Endpoint("Certificate")),
            _ => new Shape.Value(null),
        });

    private void Check(IConfigurationProvider source, string path, Shape shape)
    {
        var members = SettingSources.Members(source, path).ToArray();
        source.TryGet(path, out var text);
        if (shape is Shape.Value value)
        {
            CheckValue(source, path, members, text?.Trim() ?? "", value.Words);
            return;
        }
        if (members.Length == 0 && !string.IsNullOrWhiteSpace(text))
        {
            _reader.Problem($"{SettingSources.Place(source, path)}: expected a list or a section, got a text.");
        }
        foreach (var member in members)
        {
            var below = $"{path}:{member}";
            if (shape is Shape.Any any)
            {
                Check(source, below, any.Item);
            }
            else if (shape is Shape.Members known)
            {
                var name = Array.Find(known.Names, n => n.Equals(member, StringComparison.OrdinalIgnoreCase));
                if (name is not null)
                {
                    Check(source, below, known.Of(name));
                    continue;
                }
                var meant = Names.Nearest(member, known.Names) is { } nearest ? $", did you mean '{nearest}'?" : ".";
                _reader.Problem(
                    $"{SettingSources.Place(source, below)}: Kestrel has no such setting{meant} There are " +
                    $"{string.Join(", ", known.Names)}.");
            }
        }
    }

    private void CheckValue(IConfigurationProvider source, string path, string[] members, string text, string[]? words)
    {
        if (members.Length > 0)
        {
            _reader.Problem($"{SettingSources.Place(source, path)}: expected one value, got a list or a section.");
        }
        else if (words is not null
            && text.Split(',', StringSplitOptions.TrimEntries).Except(words, StringComparer.OrdinalIgnoreCase).Any())
        {
            _reader.Problem(
                $"{SettingSources.Place(source, path)} is '{Names.Shorten(text)}'" +
                $"{(Names.Nearest(text, words) is { } nearest ? $", did you mean '{nearest}'?" : ".")} There are " +
                $"{string.Join(", ", words)}.");
        }
    }

    /// <summary>What may be written in a place.</summary>
    private abstract record Shape
    {
        private Shape()
        {
        }

        /// <summary>One value, of these words if they are not null.</summary>
        public sealed record Value(string[]? Words) : Shape;

        /// <summary>Members with these names.</summary>
        public sealed record Members(string[] Names, Func<string, Shape> Of) : Shape;

        /// <summary>Members that are called as one likes, or numbered.</summary>
        public sealed record Any(Shape Item) : Shape;
    }
}
