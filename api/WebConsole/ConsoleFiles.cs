using Microsoft.Net.Http.Headers;

namespace AgentGrid.Api.WebConsole;

/// <summary>
/// The web console: the files under <c>wwwroot</c>, which the assembly carries, so that they are there from whatever
/// folder and in whatever program the API runs. There is no data in them, so they need no key.
/// </summary>
internal sealed class ConsoleFiles
{
    private const string Prefix = "wwwroot/";

    // 'trusted-types none' makes the browser refuse any text that would become markup or script.
    private const string ContentSecurityPolicy =
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; media-src blob:; connect-src 'self'; " +
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; " +
        "require-trusted-types-for 'script'; trusted-types 'none'";

    private static readonly Dictionary<string, string> s_types = new(StringComparer.OrdinalIgnoreCase)
    {
        [".html"] = "text/html; charset=utf-8",
        [".css"] = "text/css; charset=utf-8",
        [".js"] = "text/javascript; charset=utf-8",
        [".svg"] = "image/svg+xml",
    };

    private readonly Dictionary<string, ConsoleFile> _files = Load();

    /// <summary>Maps <c>/console/...</c>, and <c>/</c>: the page for browsers, the text for everybody else.</summary>
    public void Map(IEndpointRouteBuilder app, string index)
    {
        string[] methods = [HttpMethods.Get, HttpMethods.Head];
        app.MapMethods("/", methods, context => Root(context, index).ExecuteAsync(context)).ExcludeFromDescription();
        foreach (var (path, file) in _files)
        {
            app.MapMethods($"/{path}", methods, context =>
            {
                context.Response.Headers.ContentSecurityPolicy = ContentSecurityPolicy;
                return file.Answer(context.Response).ExecuteAsync(context);
            }).ExcludeFromDescription();
        }
    }

    private IResult Root(HttpContext context, string index)
    {
        context.Response.Headers.Vary = HeaderNames.Accept;
        if (!AcceptsHtml(context.Request))
        {
            return Results.Text(index);
        }
        var headers = context.Response.Headers;
        headers.ContentSecurityPolicy = ContentSecurityPolicy;
        headers["Referrer-Policy"] = "no-referrer";
        headers["Cross-Origin-Opener-Policy"] = "same-origin";
        return _files["index.html"].Answer(context.Response);
    }

    private static bool AcceptsHtml(HttpRequest request) => request.GetTypedHeaders().Accept
        .Any(a => a.MediaType.Equals("text/html", StringComparison.OrdinalIgnoreCase) && a.Quality is not 0);

    private static Dictionary<string, ConsoleFile> Load()
    {
        var assembly = typeof(ConsoleFiles).Assembly;
        var files = new Dictionary<string, ConsoleFile>(StringComparer.Ordinal);
        foreach (var name in assembly.GetManifestResourceNames())
        {
            // Built on Windows, the names of folders end in a backslash.
            var path = name.Replace('\\', '/');
            if (!path.StartsWith(Prefix, StringComparison.Ordinal))
            {
                continue;
            }
            using var stream = assembly.GetManifestResourceStream(name)!;
            var content = new byte[stream.Length];
            stream.ReadExactly(content);
            files.Add(path[Prefix.Length..], new ConsoleFile(s_types[Path.GetExtension(path)], content));
        }
        return files;
    }
}
