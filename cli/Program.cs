using AgentGrid.Cli;

return await new CommandTree(Surroundings.OfProcess()).RunAsync(args, CancellationToken.None);
