import { Body, Controller, HttpCode, Ip, Post, ValidationPipe } from '@nestjs/common';
import { IsString, MaxLength } from 'class-validator';
import { Public } from 'nestjs-latchkey';
import { KnownAddresses } from '../throttling/known-addresses.js';
import { networkOf } from '../throttling/network.js';
import { PasswordResetService } from './password-reset.service.js';

class RequestBody {
  @IsString()
  @MaxLength(255)
  readonly username!: string;
}

class RedeemBody {
  @IsString()
  @MaxLength(4_096)
  readonly token!: string;

  @IsString()
  @MaxLength(4_096)
  readonly password!: string;
}

const pipe = new ValidationPipe({ whitelist: true });

@Public()
@Controller('password-reset')
export class PasswordResetController {
  constructor(
    private readonly resets: PasswordResetService,
    private readonly known: KnownAddresses,
  ) {}

  /** The same answer for every name. */
  @Post()
  @HttpCode(202)
  request(@Body(pipe) { username }: RequestBody) {
    this.resets.request(username);
    return { message: 'If there is such a user, a mail is on its way.' };
  }

  /** A reader of the user's mail is a known client: the next sign-in from here does not wait for attempts of unknown clients. */
  @Post('redeem')
  @HttpCode(204)
  async redeem(@Body(pipe) { token, password }: RedeemBody, @Ip() ip: string): Promise<void> {
    const { username } = await this.resets.redeem(token, password);
    await this.known.note({ network: networkOf(ip), name: username });
  }
}
