using Microsoft.Extensions.Configuration.Memory;

namespace AgentGrid.Silo.Hosting;

/// <summary>
/// How much Orleans says, unless appsettings.json wants something else: that members come and go is reported by those
/// who deal with it, and a message that cannot be delivered meanwhile is sent again. Every placement of a grain goes
/// through a pipeline of Polly, which tells of each.
/// </summary>
internal static class LogLevels
{
    public static void AddLogLevelsOfOrleans(this IConfigurationBuilder configuration) =>
        configuration.Sources.Insert(0, new MemoryConfigurationSource
        {
            InitialData = new Dictionary<string, string?>
            {
                ["Logging:LogLevel:Orleans"] = "Warning",
                ["Logging:LogLevel:Orleans.Messaging"] = "Critical",
                ["Logging:LogLevel:Orleans.Runtime.CallbackData"] = "Error",
                ["Logging:LogLevel:Orleans.Runtime.Messaging"] = "Error",
                ["Logging:LogLevel:Orleans.Runtime.Silo"] = "Error",
                ["Logging:LogLevel:Orleans.Runtime.Watchdog"] = "Error",
                ["Logging:LogLevel:Polly"] = "Warning",
            },
        });
}
