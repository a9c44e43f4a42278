using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using AgentGrid.Conformance;

namespace AgentGrid.Cluster.Tests.Silo;

/// <summary>A Redis that trusts nobody: TLS with an authority of its own, and the user of docs/cluster.md.</summary>
public sealed class RedisSecurityTests : IDisposable
{
    private static readonly string[] s_user = Repository.Read("docs", "cluster.md").Split('\n')
        .Single(l => l.Trim().StartsWith("ACL SETUSER ", StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries);

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("agentgrid-tls-");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public async Task Start_TlsAndTheUserOfTheGuideAndAReplicaThatIsAway_DoesEverything()
    {
        WriteCertificates();
        var port = FreePorts.Next();
        await using var redis = await RedisServer.StartAsync(
            "--tls-port", $"{port}", "--tls-cert-file", PathOf("redis.crt"), "--tls-key-file", PathOf("redis.key"),
            "--tls-auth-clients", "no");
        await SetUserAsync(redis, s_user[3..]);
        await using var program = await SiloProgram.StartedAsync(SiloProgram.LaunchIn(
            new() { ["SSL_CERT_FILE"] = PathOf("ca.crt") },
            $"localhost:{port},127.0.0.1:{FreePorts.Next()},ssl=true,user=agentgrid,password=password"));

        var run = await program.PostAsync("m", "echo", new { word = "hello" }, toTheEnd: true);

        Assert.Equal("completed", run.GetProperty("status").GetString());
        Assert.Equal(HttpStatusCode.OK, (await program.GetAsync("/health/ready")).Status);
        await program.SignalAsync(GridProcess.Terminate);
        Assert.Equal(0, await program.Exited.WaitAsync(Limits.Patience));
        Assert.DoesNotContain("NOPERM", program.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Start_UserLacksSomethingOfTheGuide_SaysWhatAndEnds()
    {
        await using var redis = await RedisServer.StartAsync();
        foreach (var lacking in s_user[3..].Where(r => r[0] is '~' or '&'))
        {
            await SetUserAsync(redis, [.. s_user[3..].Where(r => r != lacking)]);
            await using var program = SiloProgram.Launch($"127.0.0.1:{redis.Port},user=agentgrid,password=password");

            Assert.Equal(1, await program.Exited.WaitAsync(2 * Limits.Patience));

            Assert.Contains("does not allow what a silo needs", program.Output, StringComparison.Ordinal);
            Assert.Contains(string.Join(' ', s_user[5..]), program.Output, StringComparison.Ordinal);
            Assert.DoesNotContain("password", program.Output, StringComparison.Ordinal);
        }
    }

    private static async Task SetUserAsync(RedisServer redis, string[] rights)
    {
        await using var admin = await redis.ConnectAsync();
        await admin.GetDatabase().ExecuteAsync("ACL", ["SETUSER", s_user[2], "reset", .. rights]);
    }

    private string PathOf(string file) => Path.Combine(_folder.FullName, file);

    // An authority, and the certificate that it gives to 'localhost'.
    private void WriteCertificates()
    {
        var (from, to) = (DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        using var authorityKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var authority = new CertificateRequest("CN=Authority of a test", authorityKey, HashAlgorithmName.SHA256);
        authority.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        using var signer = authority.CreateSelfSigned(from, to);
        File.WriteAllText(PathOf("ca.crt"), signer.ExportCertificatePem());

        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName("localhost");
        request.CertificateExtensions.Add(names.Build());
        using var issued = request.Create(signer, from, to, [1, 2, 3, 4]);
        File.WriteAllText(PathOf("redis.crt"), issued.ExportCertificatePem());
        File.WriteAllText(PathOf("redis.key"), key.ExportPkcs8PrivateKeyPem());
    }
}
