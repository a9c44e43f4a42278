using AgentGrid.Core.Agents;
using AgentGrid.Core.Placement;
using AgentGrid.Core.Plans;
using AgentGrid.Core.Routing;

namespace AgentGrid.Core.Runs;

public static partial class RunMachine
{
    private sealed partial class Turn
    {
        public string? GrantSlot(RunInput.GrantSlot input)
        {
            if (Find(input.Step, input.Attempt, out var step) is not { Status: AttemptStatus.Queued } attempt)
            {
                return NotHeeded(input.Step, input.Attempt, "slot");
            }
            EmitStarted(step, attempt.Branch, attempt.Number, attempt.Agent, input.Node, decision: null, input.Placement);
            return null;
        }

        public string? ReportProgress(RunInput.ReportProgress input)
        {
            if (Find(input.Step, input.Attempt, out _) is not { Status: AttemptStatus.Running } attempt)
            {
                return NotHeeded(input.Step, input.Attempt, "progress report");
            }
            var fraction = double.IsNaN(input.Fraction) ? 0 : Math.Clamp(input.Fraction, 0, 1);
            Emit(new RunEvent.AttemptProgressed(input.Step, input.Attempt, attempt.Agent, fraction, input.Message)
            {
                Time = now,
            });
            return null;
        }

        public string? CompleteAttempt(RunInput.CompleteAttempt input)
        {
            if (Find(input.Step, input.Attempt, out var step) is not { } attempt || !attempt.Status.IsOpen())
            {
                return NotHeeded(input.Step, input.Attempt, "result");
            }
            if (step.Step.Mode is StepMode.All or StepMode.Each
                && step.BranchOutputBytes + input.Output.Length > limits.MaxStepOutputBytes)
            {
                FailStep(step, OutputsTooLarge(step));
                return Advance();
            }
            Emit(new RunEvent.AttemptSucceeded(step.Id, attempt.Number, attempt.Agent, input.Output)
            {
                Time = now,
                Tokens = input.Tokens,
            });
            CancelRestOfItem(step, step.Branches[attempt.Branch]);
            CheckQuorum(step);
            return Advance();
        }

        public string? FailAttempt(RunInput.FailAttempt input)
        {
            if (Find(input.Step, input.Attempt, out var step) is not { } attempt || !attempt.Status.IsOpen())
            {
                return NotHeeded(input.Step, input.Attempt, "failure");
            }
            Fail(step, attempt, step.Details < StepState.MostDetails ? input.Error : input.Error with { Detail = null }, input.Tokens);
            return Advance();
        }

        public string? PassOnAttempt(RunInput.PassOnAttempt input)
        {
            if (Find(input.Step, input.Attempt, out var step) is not { Status: AttemptStatus.Queued } attempt)
            {
                return NotHeeded(input.Step, input.Attempt, "drain");
            }
            if (routing.Named(attempt.Agent) is not { Drained: true })
            {
                return $"'{attempt.Agent}' takes attempts";
            }
            var branch = step.Branches[attempt.Branch];
            if (IsBackupOfItem(step, attempt) && !IsLeftAlone(branch, but: attempt))
            {
                return PassOnBackup(step, branch, attempt);
            }
            if (NextAgent(step, branch, fitterThan: 0) is { } next)
            {
                Emit(new RunEvent.AttemptCancelled(
                    step.Id, attempt.Number, attempt.Agent,
                    $"'{attempt.Agent}' was drained while it waited for a slot; '{next.Agent}' is asked")
                { Time = now });
                StartAttempt(step, branch.Index, next with { Why = $"asked in place of '{attempt.Agent}', which is drained" });
            }
            else if (Backup(step) is { } backup && routing.Named(backup.Agent!) is { Drained: false })
            {
                StartDueBranch(step, backup);
            }
            else
            {
                return $"'{attempt.Agent}' is drained, and nobody else can be asked: attempt {attempt.Number} of step " +
                    $"'{step.Id}' goes on waiting";
            }
            return Advance();
        }

        public string? LoseAttempt(RunInput.LoseAttempt input)
        {
            if (Find(input.Step, input.Attempt, out var step) is not { Status: AttemptStatus.Running } attempt)
            {
                return NotHeeded(input.Step, input.Attempt, "loss");
            }
            if (PlanCalls.Is(attempt.Agent))
            {
                return $"attempt {attempt.Number} of step '{step.Id}' is a run of its own, which goes on elsewhere";
            }
            if (routing.Named(attempt.Agent) is not { } load)
            {
                Fail(step, attempt, new RunError(
                    ErrorKind.Routing, ErrorCodes.NoAgent,
                    $"Attempt {attempt.Number} of step '{step.Id}' of run '{state.Key}' lost its node because " +
                    $"{input.Reason}, and its agent '{attempt.Agent}' has been removed or disabled.", Retryable: false));
                return Advance();
            }
            if (!input.WasStopped
                && Isolation.Crash(attempt, TimeRun(state, attempt, now)).Crashes is var crashes && crashes > limits.MaxLosses)
            {
                Fail(step, attempt, new RunError(
                    ErrorKind.Lost, ErrorCodes.Lost,
                    $"Attempt {attempt.Number} of step '{step.Id}' of run '{state.Key}' was running each of the {crashes} times in a " +
                    $"row that its node died, {crashes - Isolation.MostInCompany} times with no other suspect beside " +
                    $"it, the last time because {input.Reason}. At most {limits.MaxLosses} are allowed (option " +
                    $"MaxLosses). Agent '{attempt.Agent}' probably crashes its process: see its last output."));
                return Advance();
            }
            Emit(new RunEvent.AttemptLost(
                step.Id, attempt.Number, attempt.Agent, attempt.Node ?? "", input.Reason, input.WasStopped ? true : null)
            { Time = now });
            Place(step, attempt.Branch, attempt.Number, new RoutingDecision(
                attempt.Agent, WhyAgain(attempt), Router.Rank([load])));
            return Advance();
        }

        private static string WhyAgain(AttemptState attempt) => "delivered again after its node was lost" +
            (Isolation.Of(attempt) is not { } apart ? ""
                : $", {attempt.Crashes} times in a row; for {DurationOf(apart.Time)} it runs " + (apart.Company == 1
                    ? "on a node without other such attempts"
                    : $"beside at most {apart.Company - 1} other such attempts"));

        private void TimeOut(StepState step, int number)
        {
            var attempt = step.Attempts[number - 1];
            Fail(step, attempt, new RunError(
                ErrorKind.Timeout, ErrorCodes.AttemptTimeout,
                $"{(PlanCalls.Is(attempt.Agent) ? "" : "Agent ")}'{attempt.Agent}' did not answer attempt {number} of step '{step.Id}' of run '{state.Key}' " +
                $"within {DurationOf(step.Step.Timeout ?? attempt.Deadline - attempt.StartedAt!.Value)}."));
        }

        private void Fail(StepState step, AttemptState attempt, RunError error, long? tokens = null)
        {
            var branch = step.Branches[attempt.Branch];
            if (IsBackupOfItem(step, attempt))
            {
                // Whoever it was asked beside is tried again, and not the backup.
                EmitFailed(step, attempt, error, tokens, retryAt: null, givesUp: IsLeftAlone(branch, but: attempt));
                CheckQuorum(step);
                return;
            }
            if (RetryAt(step, branch, attempt, error) is { } retryAt)
            {
                EmitFailed(step, attempt, error, tokens, retryAt, givesUp: false);
                return;
            }
            // A backup of a race that has not started yet goes before any fallback.
            var backup = Backup(step);
            var next = backup is null ? NextAgent(step, branch) : null;
            EmitFailed(step, attempt, error, tokens, retryAt: null, givesUp: next is null && !HasOpenBackup(branch));
            if (next is not null)
            {
                StartAttempt(step, branch.Index, next);
            }
            else if (backup is not null)
            {
                StartDueBranch(step, backup);
            }
            CheckQuorum(step);
        }

        // An agent that has failed for good is not asked again as its own backup.
        private static BranchState? Backup(StepState step) => step.Step.Mode == StepMode.Race
            ? step.Branches.Find(b => b.IsUnasked && (step.Step.Hedge is null || !step.Branches.Exists(o => o.Asked.Contains(b.Agent!))))
            : null;

        private void EmitFailed(
            StepState step, AttemptState attempt, RunError error, long? tokens, DateTimeOffset? retryAt, bool givesUp) =>
            Emit(new RunEvent.AttemptFailed(step.Id, attempt.Number, attempt.Agent, error, retryAt, givesUp)
            {
                Time = now,
                Tokens = tokens,
            });

        private DateTimeOffset? RetryAt(StepState step, BranchState branch, AttemptState attempt, RunError error)
        {
            var load = routing.Named(attempt.Agent);
            var policy = step.Step.Retry ?? load?.Agent.Retry ?? RetryPolicy.None;
            if (load is null || !error.Retryable || branch.Tries >= policy.MaxAttempts || !error.IsNamedBy(policy))
            {
                return null;
            }
            var due = now + Backoff.After(policy, branch.Tries, state.Seed, step.Index, attempt.Number);
            if (error.RetryAfter is not { } after)
            {
                return due;
            }
            // Where the run is out of time by then, whoever else there is had better be asked now.
            return after >= state.Deadline - now ? null : now + after > due ? now + after : due;
        }

        // Whom to ask when an agent has failed for good: the fallbacks of the plan, or else the other agents that match.
        private RoutingDecision? NextAgent(StepState step, BranchState branch) =>
            NextAgent(step, branch, fitterThan: -1);

        // The fittest of them.
        private RoutingDecision? NextAgent(StepState step, BranchState branch, int fitterThan)
        {
            for (var fitness = Fittest; fitness > fitterThan; fitness--)
            {
                if (AgentOf(step, branch, fitness) is { } next)
                {
                    return next;
                }
            }
            return null;
        }

        private RoutingDecision? AgentOf(StepState step, BranchState branch, int fitness)
        {
            var shared = step.Step.Mode is StepMode.Race or StepMode.All;
            bool WasAsked(string agent) => shared
                ? step.Branches.Exists(b => b.Agent == agent || b.Asked.Contains(agent))
                : branch.Asked.Contains(agent) || branch.Backups?.Exists(b => b.Agent == agent) == true;

            foreach (var name in step.Step.Fallback)
            {
                if (!WasAsked(name) && routing.Named(name) is { } fallback && Fitness(fallback) == fitness)
                {
                    return new RoutingDecision(
                        name, $"fallback after '{branch.Asked.LastOrDefault()}'", Router.Rank([fallback]));
                }
            }
            if ((shared && step.Step.Hedge is null) || !step.Step.Fallback.IsEmpty || step.Step.Named is not null)
            {
                return null;
            }
            var others = Matching(step).Where(a => !WasAsked(a.Agent.Name) && Fitness(a) == fitness).ToList();
            var best = Router.Best(InTime(step, others), Asked(step), LabelPreference.Of(step.Step, state.Root));
            return best.Agent is null
                ? null
                : best with { Why = $"fallback after '{branch.Asked.LastOrDefault()}': {best.Why}" };
        }

        // A hedge or a retry that is due. Its agent may have been taken out of the configuration meanwhile.
        private void StartDueBranch(StepState step, BranchState branch)
        {
            var agent = branch.Asked.Count > 0 ? branch.Asked[^1] : branch.Agent!;
            var why = branch.Asked.Count > 0
                ? $"retry {branch.Tries} of '{agent}'"
                : $"backup {branch.Index} in a race of {step.Branches.Count}";
            var decision = routing.Named(agent) switch
            {
                null => NextAgent(step, branch),
                { } load when Fitness(load) < Fittest && NextAgent(step, branch, fitterThan: Fitness(load)) is { } other => other,
                { } load => new RoutingDecision(agent, why, Router.Rank([load])),
            };
            if (decision is null)
            {
                NoAgentLeft(step, agent);
                return;
            }
            StartAttempt(step, branch.Index, decision);
        }

        private void NoAgentLeft(StepState step, string agent) => FailStep(step, new RunError(
            ErrorKind.Routing, ErrorCodes.NoAgent,
            $"Step '{step.Id}' of run '{state.Key}': agent '{agent}' has been removed or disabled, and there " +
            "is no fallback.", Retryable: false));

        private void StartAttempt(StepState step, int branch, RoutingDecision decision) =>
            Place(step, branch, step.Attempts.Count + 1, decision);

        private void Place(StepState step, int branch, int number, RoutingDecision decision)
        {
            // One that is kept apart asks for its slot, whoever gives it knows beside whom it may run.
            var isApart = number <= step.Attempts.Count
                ? Isolation.Of(step.Attempts[number - 1]) is not null
                : branch < step.Branches.Count && step.Branches[branch].Lost is not null;
            decision = WithOrder(step, decision);
            if (!isApart && routing.TryReserve(decision.Agent!, step.Id, number) is { } node)
            {
                EmitStarted(step, branch, number, decision.Agent!, node, decision);
                return;
            }
            Emit(new RunEvent.AttemptQueued(step.Id, branch, number, decision.Agent!, decision) { Time = now });
        }

        // Where slots are few: what it goes by among the attempts of the run.
        private RoutingDecision WithOrder(StepState step, RoutingDecision decision)
        {
            if (decision.Candidates is not [{ } chosen, ..] || chosen.FreeSlots > (_ready?.Count ?? 0) || routing.UrgencyOf(step.Index) is not { } urgency)
            {
                return decision;
            }
            return decision with { Why = $"{decision.Why}; {(chosen.FreeSlots > 0 ? "first: " : "")}{urgency.InWords()}" };
        }

        private void EmitStarted(
            StepState step, int branch, int number, string agent, string node, RoutingDecision? decision,
            PlacementDecision? placement = null)
        {
            var config = routing.Named(agent)?.Agent;
            var timeout = step.Step.Timeout ?? config?.Timeout ?? Agents.AgentDefaults.Timeout;
            Emit(new RunEvent.AttemptStarted(step.Id, branch, number, agent, node, now + timeout, decision, placement)
            {
                Time = now,
                Hedge = step.Step.Hedge is { } hedge ? NextHedge(step, hedge, branch, agent, node) : null,
                AgentVersion = config?.Version,
                AgentHash = config?.Hash,
            });
        }

        private AttemptState? Find(string stepId, int number, out StepState step)
        {
            step = state.Plan.TryIndexOf(stepId, out var index) ? state.Steps[index] : null!;
            return step is not null && number >= 1 && number <= step.Attempts.Count && state.Status == RunStatus.Running
                ? step.Attempts[number - 1]
                : null;
        }

        private string NotHeeded(string step, int number, string what)
        {
            var attempt = Find(step, number, out _);
            var why = state.Status != RunStatus.Running ? $"the run is {state.Status}"
                : attempt is null ? "there is no such attempt"
                : $"the attempt is {attempt.Status}";
            return $"{what} of attempt {number} of step '{step}': {why}";
        }
    }
}
