using AgentGrid.Cli;

return await new CommandTree(TerminalEnvironment.OfProcess()).RunAsync(args, CancellationToken.None);
