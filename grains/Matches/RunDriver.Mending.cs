using AgentGrid.Core.Runs;
using AgentGrid.Runtime.Runs;

namespace AgentGrid.Grains.Matches;

internal sealed partial class RunDriver
{
    private int _breaks;

    // What nobody waits for is asked for anew when the run goes on from the log.
    private void PutBack(List<Letter> letters, int broken, Exception e)
    {
        var isCause = letters[broken].Again;
        if (isCause)
        {
            letters[broken].Reply?.TrySetException(e);
        }
        _inbox.AddRange(letters.Skip(isCause ? broken + 1 : broken).Where(static l => l.Reply is not null)
            .Select(static l => l with { Again = true }));
    }

    // A turn that throws is a mistake in Agent Grid, and what it leaves behind cannot be trusted: what counts is what
    // the log has.
    private async Task MendAsync(Exception e)
    {
        var pause = BreakPause.After(_breaks++);
        LogBroken(_services.Logger, e, Key, pause.TotalSeconds);
        _turnEvents.Clear();
        for (var i = 0; i < _turnReplies.Count; i++)
        {
            _turnReplies[i] = _turnReplies[i] with { Again = true };
        }
        for (; pause > TimeSpan.Zero && !_stopped; pause -= Pause)
        {
            await Task.Delay(Pause, _services.Time);
        }
        await ReloadAsync();
    }

    // Somebody else has changed the run, or an answer was lost and it was we: what counts is what the log has.
    private async Task ReloadAsync()
    {
        _turnCalls.Clear();
        _turnAsks.Clear();
        _inbox.AddRange(_turnReplies.Select(static l => l with { Ignored = null }));
        _turnReplies.Clear();
        RunState? state = null;
        while (!_stopped)
        {
            try
            {
                state = await _services.Log.ReplayAsync(Id);
                break;
            }
            catch (Exception e) when (Transient.Is(e))
            {
                LogNotKept(_services.Logger, e, Key);
                await Task.Delay(Pause, _services.Time);
            }
        }
        if (state is null)
        {
            Vanish();
            return;
        }
        ForgetHandles();
        _state = state;
        _durableVersion = state.Version;
        _armedFor = DateTimeOffset.MaxValue;
        Summary = RunDetailsBuilder.Summarize(state);
        if (state.Status.IsEnded())
        {
            _ = LeavePlaceAsync();
            Vanish();
            return;
        }
        Resume();
    }
}
