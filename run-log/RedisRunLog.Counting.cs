using AgentGrid.Engine.Store;
using AgentGrid.RunLog.Scripts;

namespace AgentGrid.RunLog;

public sealed partial class RedisRunLog
{
    /// <inheritdoc/>
    /// <remarks>Costs Redis about a millisecond for a thousand of them.</remarks>
    public async Task<RunCounts> CountAsync()
    {
        var answer = await EvaluateAsync(Script.Count, []).ConfigureAwait(false);
        return new RunCounts((int)answer[1], (int)answer[0]);
    }
}
