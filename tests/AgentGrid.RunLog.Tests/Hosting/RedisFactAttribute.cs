using System.Runtime.CompilerServices;

namespace AgentGrid.RunLog.Tests.Hosting;

/// <summary>A test that needs redis-server. Where there is none it is skipped, and the test command says so.</summary>
public sealed class RedisFactAttribute : FactAttribute
{
    public const string LeftOut = "left out: run log tests (no redis-server on the path)";

    public RedisFactAttribute([CallerFilePath] string? file = null, [CallerLineNumber] int line = -1)
        : base(file, line)
    {
        if (RedisServer.Program is null)
        {
            Skip = LeftOut;
        }
    }
}
