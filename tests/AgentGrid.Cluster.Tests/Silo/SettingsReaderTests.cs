using System.Net;
using AgentGrid.ClientApi;
using AgentGrid.ClientApi.Hosting;
using AgentGrid.Silo;
using AgentGrid.Silo.Settings;
using Microsoft.Extensions.Configuration;

namespace AgentGrid.Cluster.Tests.Silo;

public sealed class SettingsReaderTests
{
    [Fact]
    public void Read_Nothing_IsEverythingInOneProcess()
    {
        var settings = Read();

        Assert.Equal(
            (SiloRole.All, "127.0.0.1:6379", "agentgrid", "agentgrid"),
            (settings.Role, settings.Redis, settings.ClusterId, settings.KeyPrefix));
        Assert.Null(settings.Engine.Queues);
        Assert.Null(settings.Engine.GpuMemoryMb);
        Assert.Equal("agents:events", settings.RunLog.Channel);
    }

    [Fact]
    public void Read_ASilo_ServesGeneralUnlessTold()
    {
        Assert.Equal(["general"], Read("--role", "silo").Engine.Queues!.Value);
        Assert.Equal(["gpu", "big"], Read("--role", "silo", "--queues", "gpu, big,gpu").Engine.Queues!.Value);
    }

    [Fact]
    public void Read_EveryOption_IsTaken()
    {
        var settings = Read(
            "--role", "silo", "--name", "gpu1", "--redis", "redis.example:6380,password=secret", "--cluster-id", "east",
            "--gpu-memory-mb", "24000,48000", "--silo-port", "4001", "--gateway-port", "4002", "--advertise", "10.1.2.3",
            "--AgentGrid:MaxActiveRuns", "7", "--AgentGrid:DrainTimeout", "00:00:05", "--AgentGrid:Retention", "01:00:00",
            "--AgentGrid:FeedBuffer", "99", "--AgentGrid:Dashboard", "false");

        Assert.Equal(
            ("gpu1", "redis.example:6380,password=secret", "east", "east", 4001, 4002),
            (settings.Name, settings.Redis, settings.ClusterId, settings.KeyPrefix, settings.SiloPort, settings.GatewayPort));
        Assert.Equal(IPAddress.Parse("10.1.2.3"), settings.Advertise);
        Assert.Equal([24_000L, 48_000L], settings.Engine.GpuMemoryMb!.Value);
        Assert.Equal((7, TimeSpan.FromSeconds(5)), (settings.Engine.MaxActiveRuns, settings.Engine.DrainTimeout));
        Assert.Equal((TimeSpan.FromHours(1), 99, false), (settings.RunLog.Retention, settings.FeedBuffer, settings.Dashboard));
    }

    [Fact]
    public void Read_TheEnvironment_CountsToo()
    {
        var configuration = new ConfigurationBuilder().AddInMemoryCollection(EnvironmentSettings.Read(
            new Dictionary<string, string>
            {
                ["AGENTGRID_REDIS"] = "elsewhere:1",
                ["AGENTGRID_ROLE"] = "SILO",
                ["AGENTGRID_GPU_MEMORY_MB"] = "100",
            })).Build();

        var settings = SettingsReader.Read(configuration);

        Assert.Equal(("elsewhere:1", SiloRole.Silo), (settings.Redis, settings.Role));
        Assert.Equal([100L], settings.Engine.GpuMemoryMb!.Value);
    }

    [Theory]
    [InlineData("--role", "master", "there are 'silo', 'api' and 'all'")]
    [InlineData("--redis", ",password=secret", "host:port")]
    [InlineData("--redis", "localhost,nonsense=1", "host:port")]
    [InlineData("--silo-port", "70000", "from 1 to 65535")]
    [InlineData("--gateway-port", "-1", "from 1 to 65535")]
    [InlineData("--queues", ",", "names of queues")]
    [InlineData("--gpu-memory-mb", "24GB", "in MiB")]
    [InlineData("--gpu-memory-mb", "0", "in MiB")]
    [InlineData("--name", "a|b", "no '|'")]
    [InlineData("--cluster-id", "{x}", "letters, digits")]
    [InlineData("--advertise", "no such host.invalid", "no name that can be found")]
    [InlineData("--AgentGrid:MaxActiveRuns", "0", "at least 1")]
    [InlineData("--AgentGrid:MaxActiveRuns", "many", "MaxActiveRuns")]
    [InlineData("--AgentGrid:DrainTimeout", "30", "zero to a day")]
    [InlineData("--AgentGrid:Retention", "00:00:00", "longer than zero")]
    [InlineData("--AgentGrid:FeedBuffer", "0", "at least 1")]
    [InlineData("--AgentGrid:Dashboard", "no", "'true' or 'false'")]
    public void Read_ABadValue_IsRefusedWithAReason(string option, string value, string reason)
    {
        var refused = Assert.Throws<StartupRefusedException>(() => Read(option, value));

        Assert.Equal(2, refused.ExitCode);
        Assert.Contains(reason, refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Read_SeveralBadValues_ReportsAll()
    {
        var refused = Assert.Throws<StartupRefusedException>(() => Read("--role", "x", "--silo-port", "y", "--queues", ","));

        Assert.Equal(3, refused.Message.Split(Environment.NewLine).Length);
    }

    [Theory]
    [InlineData("--rol", "--role")]
    [InlineData("--AgentGrid:MaxActivRuns", "--AgentGrid:MaxActiveRuns")]
    public void Parse_AnUnknownOption_SuggestsTheNearest(string option, string nearest)
    {
        var mistake = Assert.IsType<CommandLine.Mistake>(CommandLine.Parse([option, "x"], SiloCommandLine.Syntax));

        Assert.Contains($"'{nearest}'", mistake.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Parse_Help_NamesEveryOption()
    {
        var help = Assert.IsType<CommandLine.Print>(CommandLine.Parse(["--help"], SiloCommandLine.Syntax)).Text;

        Assert.All(SiloCommandLine.Syntax.Words, word => Assert.Contains(word, help, StringComparison.Ordinal));
    }

    private static SiloSettings Read(params string[] args) => SettingsReader.Read(new ConfigurationBuilder()
        .AddInMemoryCollection(Assert.IsType<CommandLine.Serve>(CommandLine.Parse(args, SiloCommandLine.Syntax)).Settings)
        .Build());
}
