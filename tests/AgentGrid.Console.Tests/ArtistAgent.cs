using System.Text;
using AgentGrid.Core;
using AgentGrid.Core.Agents;

namespace AgentGrid.Console.Tests;

/// <summary>Writes a picture, an array of six numbers, a text, and a page that would run something.</summary>
[Agent("artist")]
public sealed class ArtistAgent : IAgent
{
    // One red point.
    private const string Png = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg==";

    public async ValueTask<Json> InvokeAsync(AgentInvocation invocation, CancellationToken cancellationToken)
    {
        var artifacts = invocation.Artifacts;
        return Json.From(new
        {
            picture = await artifacts.WriteAsync("point.png", new MemoryStream(Convert.FromBase64String(Png)), "image/png", cancellationToken),
            more = new object[]
            {
                await artifacts.WriteAsync("frames.npy", new MemoryStream(Npy(0.5f, 1, 1.5f, 2, 2.5f, 3)), "application/x-npy", cancellationToken),
                await artifacts.WriteAsync("note", new MemoryStream("<b>zwölf</b>"u8.ToArray()), "text/plain", cancellationToken),
                await artifacts.WriteAsync("page", new MemoryStream("<script>x</script>"u8.ToArray()), "text/html", cancellationToken),
            },
        });
    }

    private static byte[] Npy(params float[] values)
    {
        var header = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }".PadRight(117) + "\n";
        return [0x93, .. "NUMPY"u8, 1, 0, (byte)header.Length, 0, .. Encoding.Latin1.GetBytes(header), .. values.SelectMany(BitConverter.GetBytes)];
    }
}
